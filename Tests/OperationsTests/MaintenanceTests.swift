import Model
import Operations
import Synchronization
import Testing

/// Pruning, reclaiming, resetting and recovering.
@Suite(.timeLimit(.minutes(1))) struct MaintenanceTests {
    private func town(_ agents: String...) async throws -> OpenTown {
        let town = makeTown()
        for name in agents { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        return town
    }

    private func stop(_ name: String, _ town: OpenTown) async throws {
        _ = try await KillAgent.call(.init(agent: name, now: true), in: town)
    }

    /// Everything that a preview could have changed.
    private func dump(_ town: OpenTown) async throws -> String {
        var text = "\(try await town.store.agents())\(try await town.store.tasks(TaskFilter(), page: Page()))"
        for agent in try await town.store.agents() { text += "\(try await town.store.inbox(agent.id, page: Page()))" }
        text += "\(try await town.store.queueCounts())"
        return text + "\(try await town.store.events(after: 0, limit: 1000, filter: EventFilter()))"
    }

    @Test func `W7 prune removes those that have ended and says what became of what they had`() async throws {
        let town = try await town("ada", "bob", "eve")
        let task = try await AssignTask.call(.init(agent: "ada", task: "Build it"), in: town).task.id
        _ = try await SendMessage.call(.init(to: "ada", message: "which?", from: "eve", kind: .query), in: town)
        for name in ["ada", "bob"] { try await stop(name, town) }
        let output = try await PruneAgents.call(.init(), in: town)
        #expect(output.removed.map(\.name) == ["ada", "bob"] && output.active == 1)
        #expect(output.removed[0].tasks == [task] && output.removed[0].deadLetters == 1)
        #expect(output.removed[1].tasks.isEmpty && output.removed[1].deadLetters == 0)
        #expect(try await town.store.tasks(.backlog, page: Page()).map(\.id) == [task])
        #expect(try await ListDeadLetters.call(.init(), in: town).messages.first?.text == "which?")
        #expect(try await ReadInbox.call(.init(agent: "eve"), in: town).messages.count == 1, "the asker is told")
        #expect(try await PruneAgents.call(.init(), in: town).removed.isEmpty)
    }

    @Test func `W3 a preview of reclaim changes nothing`() async throws {
        let town = try await town("ada", "bob")
        _ = try await AssignTask.call(.init(agent: "ada", task: "Assigned\nin two lines"), in: town)
        _ = try await SendMessage.call(.init(to: "ada", message: "Described"), in: town)
        _ = try await SendMessage.call(.init(to: "ada", message: "which?", kind: .query), in: town)
        _ = try await SendMessage.call(.init(to: "bob", message: "not orphaned"), in: town)
        try await stop("ada", town)
        let before = try await dump(town)
        let output = try await ReclaimWork.call(.init(), in: town)
        #expect(try await dump(town) == before)
        #expect(!output.moved && output.agents.count == 1 && output.agents[0].state == .stopped)
        #expect(output.agents[0].items.map(\.kind) == ["task", "task", "query"])
        #expect(output.agents[0].items.map(\.title) == ["Assigned", "Described", "which?"])
        #expect(output.agents[0].items.allSatisfy { !$0.moved } && output.agents[0].moved == 0)
    }

    @Test func `W16 what is reclaimed to the backlog has no owner, and what is no task stays`() async throws {
        let town = try await town("ada")
        _ = try await AssignTask.call(.init(agent: "ada", task: "Assigned"), in: town)
        _ = try await SendMessage.call(.init(to: "ada", message: "Described"), in: town)
        _ = try await SendMessage.call(.init(to: "ada", message: "which?", kind: .query), in: town)
        try await stop("ada", town)
        let work = try #require(try await ReclaimWork.call(.init(toBacklog: true), in: town).agents.first)
        #expect(work.items.map(\.moved) == [true, true, false] && work.moved == 2 && work.left == 1)
        let backlog = try await ListBacklog.call(.init(), in: town).tasks
        #expect(backlog.map(\.description) == ["Assigned", "Described"])
        #expect(backlog.allSatisfy { $0.assignedTo == nil })
        #expect(try await ReadInbox.call(.init(agent: "ada"), in: town).messages.map(\.text) == ["which?"])
    }

    @Test func `reclaimed work goes to one agent, from one or from all that have ended`() async throws {
        let town = try await town("ada", "bob", "eve")
        for name in ["ada", "bob"] {
            _ = try await AssignTask.call(.init(agent: name, task: "Of \(name)"), in: town)
            _ = try await SendMessage.call(.init(to: name, message: "ask \(name)", kind: .query), in: town)
            try await stop(name, town)
        }
        let one = try await ReclaimWork.call(.init(from: "bob", to: "eve"), in: town)
        #expect(one.destination == "eve" && one.agents.map(\.name) == ["bob"] && one.agents[0].moved == 2)
        let rest = try await ReclaimWork.call(.init(to: "eve"), in: town)
        #expect(rest.agents.map(\.name) == ["ada"] && rest.agents[0].left == 0)
        #expect(try await ReadInbox.call(.init(agent: "eve"), in: town).messages.count == 4)
        #expect(try await ReclaimWork.call(.init(to: "eve"), in: town).agents.isEmpty)
    }

    @Test func `reclaim refuses what makes no sense, and says why`() async throws {
        let town = try await town("ada", "bob")
        try await stop("bob", town)
        func code(_ input: ReclaimWork.Input) async -> OperationError.Code? {
            await failure { _ = try await ReclaimWork.call(input, in: town) }?.code
        }
        #expect(await code(.init(to: "ada", toBacklog: true)) == .invalid)
        #expect(await code(.init(to: "bob")) == .conflict, "it has ended itself")
        #expect(await code(.init(from: "ada", toBacklog: true)) == .conflict, "it is live")
        #expect(await code(.init(from: "nobody")) == .agentNotFound)
        #expect(await code(.init(to: "supervisor")) == .invalid)
        #expect(try await ReclaimWork.call(.init(from: AgentID(high: 5, low: 6).description), in: town).agents.isEmpty)
    }

    @Test func `W9 a reset is refused while anybody is active, and previews change nothing`() async throws {
        let town = try await town("ada")
        _ = try await AssignTask.call(.init(agent: "ada", task: "Build it"), in: town)
        _ = try await AddToBacklog.call(.init(description: "Later"), in: town)
        let before = try await dump(town)
        let preview = try await ResetTown.call(.init(), in: town)
        #expect(preview.agents == 1 && preview.tasks == 2 && preview.backlog == 1 && preview.messages == 1)
        #expect(!preview.done)
        let error = await failure { _ = try await ResetTown.call(.init(confirm: true), in: town) }
        #expect(
            error?.code.kind == .conflict
                && error?.remedies == [.operation("agent.stop_all", ["now": "true"], why: "stop them first")])
        #expect(try await dump(town) == before)
        try await stop("ada", town)
        #expect(try await ResetTown.call(.init(confirm: true), in: town).done)
        #expect(try await town.store.agents().isEmpty)
        #expect(try await town.store.taskCounts() == TaskCounts())
    }

    @Test func `a reset of the agents keeps tasks and backlog, and loses no message`() async throws {
        let town = try await town("ada")
        let task = try await AssignTask.call(.init(agent: "ada", task: "Build it"), in: town).task.id
        _ = try await SendMessage.call(.init(to: "ada", message: "which?", kind: .query), in: town)
        try await stop("ada", town)
        let output = try await ResetTown.call(.init(agentsOnly: true, confirm: true), in: town)
        #expect(output.done && output.agents == 1 && output.messages == 2 && output.tasks == 0)
        #expect(try await town.store.agents().isEmpty)
        #expect(try await town.store.task(task)?.inBacklog == true)
        #expect(try await town.store.queueCounts().dead == 1)
    }

    // MARK: Recovery

    private final class Machine: ProcessJanitor {
        let dead = Mutex<Set<HostID>>([])
        let ended = Mutex<[TurnID]>([])

        func isAlive(_ host: Host) -> Bool? { dead.withLock { !$0.contains(host.id) } }
        func waitForEnd(of host: Host) async throws { throw CancellationError() }
        func endSurvivors(of turns: [TurnID]) async { ended.withLock { $0 += turns } }
    }

    private func town(on machine: Machine, _ agents: String...) async throws -> OpenTown {
        var town = makeTown()
        town.janitor = machine
        for name in agents { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        return town
    }

    private func beginTurn(_ name: String, _ host: HostID, _ town: OpenTown) async throws -> Lease {
        let agent = try await town.agent(name)
        _ = try await SendMessage.call(.init(to: name, message: "work"), in: town)
        let lease = try await town.store.lease(
            LeaseRequest(agent: agent.id, host: host, turn: town.newID(), now: town.time.now()))
        return try #require(lease)
    }

    private func host(_ pid: Int, _ town: OpenTown) async throws -> HostID {
        let now = town.time.now()
        let host = Host(
            id: town.newID(), machine: "m", process: "\(pid):1", startedAt: now, expiresAt: now, isForeground: false)
        try await town.store.announce(host, now: now)
        return host.id
    }

    @Test func `W10 recover puts back turns of dead hosts alone, after their survivors have ended`() async throws {
        let machine = Machine()
        let town = try await town(on: machine, "ada", "bob", "eve")
        let (gone, living) = (try await host(11, town), try await host(12, town))
        let lost = try await beginTurn("ada", gone, town)
        let healthy = try await beginTurn("bob", living, town)
        _ = machine.dead.withLock { $0.insert(gone) }
        // However long a turn is silent: only a host that is gone counts.
        try await town.time.sleep(for: .seconds(86_400))
        let output = try await RecoverTown.call(Nothing(), in: town)
        #expect(output.recovered.map(\.name) == ["ada"] && output.recovered[0].hostPid == 11)
        #expect(output.recovered[0].turnID == lost.token.turn && output.hosts == [11] && output.checked == 3)
        #expect(output.unserved == 0)
        #expect(machine.ended.withLock { $0 } == [lost.token.turn])
        #expect(try await town.store.leases().map(\.token.turn) == [healthy.token.turn])
        #expect(try await town.store.hosts().map(\.pid) == [12])
        #expect(try await town.store.inbox(lost.agent.id, page: Page()).map(\.state) == [.queued])
        let again = try await RecoverTown.call(Nothing(), in: town)
        #expect(again.recovered.isEmpty && again.hosts.isEmpty)
    }

    @Test func `an agent that a dead terminal kept for itself is free again`() async throws {
        let machine = Machine()
        let town = try await town(on: machine, "ada")
        let gone = try await host(11, town)
        try await town.store.change(town.agent("ada").id, .pin(gone), now: town.time.now())
        _ = machine.dead.withLock { $0.insert(gone) }
        let output = try await RecoverTown.call(Nothing(), in: town)
        #expect(output.recovered.map(\.name) == ["ada"] && output.recovered[0].turnID == nil && output.unserved == 1)
        #expect(try await town.agent("ada").pinnedTo == nil)
    }
}
