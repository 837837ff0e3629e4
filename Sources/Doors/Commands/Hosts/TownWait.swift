import Model
import Operations
import Terminal
import Towns

/// Waits for what hosts do: it looks whenever the store tells of a change or a host ends, and starts a host where none
/// is left to do it.
struct TownWait: Sendable {
    /// What a look said.
    enum Look: Sendable {
        case done
        /// Told to people where it differs from what was told last.
        case waiting(String)
    }

    private let town: OpenTown
    private let context: CommandContext
    private let changes: AsyncStream<Void>

    /// Subscribes, so that no change is missed between asking for something and waiting for it.
    init(_ town: OpenTown, _ context: CommandContext) async throws {
        self.town = town
        self.context = context
        changes = try await town.store.changes()
    }

    /// Returns when `look` says so; it is given the hosts that live.
    /// - Throws: `CommandFailure` (`unavailable`) where it still waits and no host can be had.
    func until(_ look: ([Host]) async throws -> Look) async throws {
        // One stream for all that can happen: a task that is cancelled while it reads `changes` would end them.
        let (rings, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let changes = changes
        var waiting = [Task { for await _ in changes { ring.yield() } }]
        var timer: Task<Void, Never>?
        defer {
            timer?.cancel()
            for task in waiting { task.cancel() }
        }
        var bells = rings.makeAsyncIterator()
        var watched: Set<HostID> = []
        var said = ""
        var askedHost = false
        while true {
            let hosts = try await town.store.hosts().filter { town.liveness(of: $0).isAlive }
            guard case .waiting(let progress) = try await look(hosts) else { return }
            if hosts.isEmpty {
                // The turns of a dead host are put back by a new one.
                guard !askedHost else {
                    throw CommandFailure(
                        .unavailable, code: "unavailable", "no host runs that could do it", hint: "see: tt logs host")
                }
                askedHost = true
                try await context.ensureHost(town)
                continue
            }
            askedHost = false
            if progress != said { context.say(progress) }
            said = progress
            let janitor = town.janitor
            // Nothing tells of the end of a host on another machine but that it does not renew its entry.
            timer?.cancel()
            let ends = hosts.compactMap { host in
                if case .presumed(let end) = town.liveness(of: host) { end } else { nil }
            }
            if let end = ends.min() {
                let time = town.time
                timer = Task {
                    let pause = max(end - time.now(), .milliseconds(50))
                    if (try? await time.sleep(for: pause)) != nil { ring.yield() }
                }
            }
            for host in hosts where watched.insert(host.id).inserted {
                waiting.append(
                    Task {
                        try? await janitor.waitForEnd(of: host)
                        ring.yield()
                    })
            }
            guard await bells.next() != nil else { throw CancellationError() }
        }
    }

    /// Returns when none of the agents that were `asked` to stop is live, and no host runs any more unless it serves
    /// others: agents that somebody adds meanwhile are not waited for.
    func untilStopped(_ asked: Set<AgentID>) async throws {
        let town = town
        try await until { hosts in
            let all = try await town.store.agents().filter { !$0.state.isTerminal }
            let live = all.filter { asked.contains($0.id) }
            if live.isEmpty { return hosts.isEmpty || !all.isEmpty ? .done : .waiting("   the host ends") }
            return .waiting("   waiting for \(live.map { TerminalText.line($0.label) }.joined(separator: ", "))")
        }
    }

    /// Returns when the agent's present turn, if there is one, has ended with all its processes.
    func untilTurnEnded(of agent: AgentID) async throws {
        let town = town
        guard let turn = try await town.store.leases().first(where: { $0.token.agent == agent })?.token.turn else {
            return
        }
        try await until { _ in
            try await town.store.leases().contains { $0.token.turn == turn }
                ? .waiting("   its present turn is being ended") : .done
        }
    }

    /// Returns when these hosts have ended as processes: one that has left the town's list takes a moment more. Not for
    /// long: it may have found new work in that moment. A guardian that waits to start one again ends, too.
    func untilGone(_ hosts: [Host]) async {
        let town = town
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for host in hosts where town.isAlive(host) == true {
                    try? await town.janitor.waitForEnd(of: host)
                }
            }
            group.addTask { try? await town.time.sleep(for: .seconds(5)) }
            await group.next()
            group.cancelAll()
        }
        await HostGuard.endLeftover(in: town)
    }
}

extension CommandContext {
    /// Ends every turn, stops every agent, and returns when no process of the town is left (W9).
    /// - Throws: `conflict` in an agent's turn, which would have to wait for its own end.
    func stopEverybody(_ town: OpenTown, before command: String) async throws {
        guard try await town.callingAgent() == nil else {
            throw OperationError(
                .conflict, "an agent cannot stop everybody in its own turn", hint: "a person has to run: \(command)")
        }
        let wait = try await TownWait(town, self)
        let hosts = try await town.store.hosts()
        let asked = try await call(StopAllAgents.self, .init(now: true), in: town).agents
        guard !asked.isEmpty else { return }
        say("🛑 Stopping \(asked.count) agent\(asked.count == 1 ? "" : "s")")
        try await wait.untilStopped(Set(asked.map(\.id)))
        if try await town.store.agents().allSatisfy({ !$0.state.isAwake }) { await wait.untilGone(hosts) }
    }
}
