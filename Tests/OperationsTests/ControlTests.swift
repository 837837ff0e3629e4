import Model
import Operations
import Testing

/// Pausing, resuming, closing, restarting and waiting.
@Suite(.timeLimit(.minutes(1))) struct ControlTests {
    private func town(_ agents: String...) async throws -> OpenTown {
        let town = makeTown()
        for name in agents { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        return town
    }

    private func state(_ name: String, _ town: OpenTown) async throws -> AgentState? {
        try await town.store.agents().first { $0.name == name }?.state
    }

    private func beginTurn(_ name: String, _ town: OpenTown) async throws -> Lease {
        let agent = try await town.agent(name)
        _ = try await SendMessage.call(.init(to: name, message: "work"), in: town)
        let lease = try await town.store.lease(
            LeaseRequest(agent: agent.id, host: town.newID(), turn: town.newID(), now: town.time.now()))
        return try #require(lease)
    }

    @Test func `a pause says why until the agent is resumed`() async throws {
        let town = try await town("ada")
        let paused = try await InterruptAgent.call(.init(agent: "ada", reason: "new plan"), in: town)
        #expect(paused.changed && paused.agent.state == .paused && paused.agent.attention == "new plan")
        #expect(try await !InterruptAgent.call(.init(agent: "ada"), in: town).changed)
        let resumed = try await ResumeAgent.call(AgentInput(agent: "ada"), in: town)
        #expect(resumed.agent.state == .idle && resumed.agent.attention == nil)
    }

    @Test func `resume names the state of an agent that is not paused`() async throws {
        let town = try await town("ada")
        let live = await failure { _ = try await ResumeAgent.call(AgentInput(agent: "ada"), in: town) }
        #expect(live?.code.kind == .conflict && live?.message == "agent 'ada' is not paused: it is starting")
        _ = try await KillAgent.call(.init(agent: "ada"), in: town)
        let ended = await failure { _ = try await ResumeAgent.call(AgentInput(agent: "ada"), in: town) }
        #expect(ended?.message == "agent 'ada' has ended (stopped) and cannot be resumed")
        #expect(ended?.remedies == [.operation("agent.restart", ["agent": "ada"], why: "bring it back with")])
        #expect(
            await failure { _ = try await InterruptAgent.call(.init(agent: "ada"), in: town) }?.code.kind == .conflict)
        #expect(await failure { _ = try await CloseAgent.call(.init(agent: "ada"), in: town) }?.code.kind == .conflict)
    }

    @Test func `close stops an idle agent at once, and one with work when the work is done`() async throws {
        let town = try await town("idle", "busy")
        #expect(try await CloseAgent.call(.init(agent: "idle"), in: town).agent.state == .stopped)
        let lease = try await beginTurn("busy", town)
        _ = try await SendMessage.call(.init(to: "busy", message: "more"), in: town)
        let closing = try await CloseAgent.call(.init(agent: "busy"), in: town)
        #expect(closing.agent.state == .draining && closing.agent.pending.total == 1)
        #expect(try await !CloseAgent.call(.init(agent: "busy"), in: town).changed)
        let done = TurnCommit(
            token: lease.token, outcome: .finished(reply: ""), duration: .seconds(1), now: town.time.now())
        _ = try await town.store.commit(done)
        #expect(try await state("busy", town) == .draining, "something still waits")
    }

    @Test func `W8 a restart is for agents that have ended, keeps id and inbox, and counts rounds anew`() async throws {
        let town = try await town("ada")
        _ = try await SendMessage.call(.init(to: "ada", message: "later"), in: town)
        let early = await failure { _ = try await RestartAgent.call(.init(agent: "ada"), in: town) }
        #expect(early?.message == "agent 'ada' is still active (starting)")
        #expect(early?.remedies == [.operation("agent.kill", ["agent": "ada"], why: "stop it first with")])
        let id = try await town.agent("ada").id
        _ = try await KillAgent.call(.init(agent: "ada"), in: town)
        let back = try await RestartAgent.call(.init(agent: "ada", rounds: 20), in: town)
        #expect(back.agent.id == id && back.agent.maxTurns == 20 && back.agent.pending.total == 1)
        #expect(back.agent.state == .starting)
    }

    @Test func `W8 wait returns when the agent has really ended, not when it was asked to`() async throws {
        let town = try await town("ada")
        let lease = try await beginTurn("ada", town)
        async let waited = WaitForAgent.call(.init(agent: "ada"), in: town)
        let asked = try await KillAgent.call(.init(agent: "ada"), in: town)
        #expect(asked.agent.state == .draining)
        let done = TurnCommit(
            token: lease.token, outcome: .finished(reply: ""), duration: .seconds(1), now: town.time.now())
        _ = try await town.store.commit(done)
        #expect(try await waited.agent.state == .stopped)
        #expect(try await WaitForAgent.call(.init(agent: "ada", timeoutSeconds: 0), in: town).agent.name == "ada")
    }

    @Test func `W55 a wait that was too short is an error of its own`() async throws {
        let town = try await town("ada")
        let error = await failure { _ = try await WaitForAgent.call(.init(agent: "ada", timeoutSeconds: 2), in: town) }
        #expect(error?.code == .timedOut)
        #expect(error?.message == "agent 'ada' has not ended within 2 s: it is starting")
        #expect(
            await failure { _ = try await WaitForAgent.call(.init(agent: "bob"), in: town) }?.code.kind == .notFound)
    }

    @Test func `an agent does not wait for itself`() async throws {
        var town = try await town("ada")
        town.caller = Caller(agentName: "ada")
        #expect(
            await failure { _ = try await WaitForAgent.call(.init(agent: "ada"), in: town) }?.code.kind == .conflict)
    }
}
