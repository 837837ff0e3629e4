import Model
import StoreSupport
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct AgentConformance {
    @Test(arguments: Subject.all)
    func `a live agent's name is its own, whatever the letter case (W21)`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("Ada") { $0.nickname = "bob" }
            #expect(await code { try await town.spawn("aDA") } == .nameTaken)
            try await town.spawn("bob")
            _ = try await town.store.change(ada, .stop(.afterTurn), now: town.start)
            try await town.spawn("ada")
            let failure = await code { _ = try await town.store.change(ada, .restart(maxTurns: nil), now: town.start) }
            #expect(failure == .nameTaken)
            #expect(try await town.agent(ada).state == .stopped)
        }
    }

    @Test(arguments: Subject.all)
    func `the limit of live agents holds for registering and for restarting`(_ subject: Subject) async throws {
        try await subject.run { town in
            func register(_ name: String) async throws -> AgentID {
                let agent = Agent(id: town.id(), name: name, cli: "echo", createdAt: town.start)
                try await town.store.register(agent, maxAgents: 2)
                try await town.store.register(agent, maxAgents: 2)  // safe to repeat
                return agent.id
            }
            let (one, _) = (try await register("one"), try await register("two"))
            #expect(await code { _ = try await register("three") } == .tooManyAgents)
            _ = try await town.store.change(one, .stop(.now), now: town.start)
            _ = try await register("three")
            let failure = await code { _ = try await town.store.change(one, .restart(maxTurns: 3), now: town.start) }
            #expect(failure == .tooManyAgents)
            #expect(try await town.store.agents().map(\.name) == ["one", "two", "three"])
            #expect(try await town.store.pulse().map(\.agent.name) == ["two", "three"])
        }
    }

    @Test(arguments: Subject.all)
    func `every field of an agent is kept`(_ subject: Subject) async throws {
        try await subject.run { town in
            let parent = try await town.spawn("parent")
            var agent = Agent(id: town.id(), name: "ada", cli: "claude", createdAt: town.start)
            (agent.nickname, agent.role, agent.parent, agent.kind) = ("Ä", "back end", parent, .lead)
            (agent.state, agent.currentTask) = (.idle, town.id())
            (agent.lastHeartbeat, agent.lastActiveAt) = (town.start + .seconds(1), town.start + .seconds(2))
            (agent.tasksCompleted, agent.turnsCompleted, agent.maxTurns, agent.turnsSinceStart) = (1, 2, 3, 1)
            agent.session = HarnessSession(
                id: "s", harness: "h",
                totals: Usage(
                    inputTokens: 1, outputTokens: 2, cachedInputTokens: 3, cacheWriteTokens: 4, costUSD: 4))
            (agent.retryAt, agent.consecutiveFailures, agent.attention) = (town.start + .seconds(9), 4, "look")
            (agent.stopRequest, agent.pinnedTo) = (.whenEmpty, town.id())
            try await town.store.register(agent, maxAgents: 5)
            #expect(try await town.agent(agent.id) == agent)
            agent.parent = town.id()
            agent.id = town.id()
            agent.name = "other"
            let orphan = agent
            #expect(await code { try await town.store.register(orphan, maxAgents: 5) } == .agentNotFound)
        }
    }

    @Test(arguments: Subject.all)
    func `whatever characters a text has, it is kept`(_ subject: Subject) async throws {
        let controls = (1..<0x20).map { String(UnicodeScalar($0)) }.joined()
        let odd = controls + "\"\\/ \u{7F} é\u{2028}🛠️ \\u0041 {\"a\":[1]}"
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            _ = try await town.store.change(ada, .attention(odd), now: town.start)
            var message = town.message(ada, body: .custom(kind: "note", payload: odd))
            message.idempotencyKey = odd
            let sent = message
            _ = try await town.store.send([sent], limits: SendLimits())
            let lease = try #require(try await town.lease(ada))
            #expect(lease.agent.attention == odd)
            #expect(lease.deliveries.map(\.message.body) == [sent.body])
            #expect(lease.deliveries.map(\.message.idempotencyKey) == [odd])
            _ = try await town.store.commit(town.failed(lease, saying: odd))
            let failed = try #require(try await town.store.inbox(ada, page: Page()).first)
            #expect(failed.lastError == odd)
            #expect(try await town.store.send([sent], limits: SendLimits()).map(\.isDuplicate) == [true])
        }
    }

    @Test(arguments: Subject.all)
    func `a pause during a turn outlives the turn (W15)`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            let lease = try #require(try await town.lease(ada))
            _ = try await town.store.change(ada, .interrupt(reason: "wait"), now: town.start)
            let agent = try await town.store.commit(town.finished(lease))
            #expect(agent.state == .paused)
            #expect(agent.attention == "wait")
            try await town.send(ada)
            #expect(try await town.lease(ada) == nil)
            _ = try await town.store.change(ada, .resume, now: town.start)
            #expect(try await town.lease(ada) != nil)
            _ = try await town.store.change(ada, .interrupt(reason: nil), now: town.start)
            #expect(try await town.store.change(ada, .resume, now: town.start).state == .working)
        }
    }

    @Test(arguments: Subject.all)
    func `stopping keeps the turn visible until it has ended, and loses no mail (W7, W8)`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada, "a")
            let lease = try #require(try await town.lease(ada))
            try await town.send(ada, "b")
            let asked = try await town.store.change(ada, .stop(.afterTurn), now: town.start)
            #expect(asked.state == .draining)
            #expect(
                await code { _ = try await town.store.change(ada, .restart(maxTurns: nil), now: town.start) }
                    == .illegalMove)
            // A weaker wish does not soften a stronger one.
            #expect(try await town.store.change(ada, .stop(.whenEmpty), now: town.start).stopRequest == .afterTurn)
            #expect(try await town.store.commit(town.finished(lease)).state == .stopped)
            #expect(try await town.lease(ada) == nil)
            try await town.send(ada, "c")
            #expect(try await town.texts(ada) == ["b", "c"])
            let back = try await town.store.change(ada, .restart(maxTurns: 7), now: town.start)
            #expect((back.state, back.maxTurns, back.stopRequest) == (.starting, 7, nil))
            #expect(try await town.lease(ada)?.token.epoch == 2)
        }
    }

    @Test(arguments: Subject.all)
    func `closing waits for the inbox`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            #expect(try await town.store.change(ada, .stop(.whenEmpty), now: town.start).state == .draining)
            #expect(try await town.turn(ada).state == .stopped)
            let bob = try await town.spawn("bob")
            #expect(try await town.store.change(bob, .stop(.whenEmpty), now: town.start).state == .stopped)
            let eve = try await town.spawn("eve")
            try await town.send(eve, body: .shutdown)
            #expect(try await town.turn(eve).state == .stopped)
            #expect(try await town.events(.agentStopped).count == 3)
        }
    }

    @Test(arguments: Subject.all)
    func `an agent is not retired when something has just arrived`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada") { $0.maxTurns = 1 }
            try await town.send(ada)
            let retire = AgentChange.retire(reason: "idle for 5 s")
            #expect(try await town.store.change(ada, retire, now: town.start).state == .starting)
            let lease = try #require(try await town.lease(ada))
            #expect(try await town.store.change(ada, retire, now: town.start).state == .working)
            _ = try await town.store.commit(town.finished(lease))
            try await town.send(ada)
            #expect(try await town.store.change(ada, retire, now: town.start).state == .stopped, "rounds used up")
            #expect(try await town.events(.agentCompleted).count == 1)
        }
    }

    @Test(arguments: Subject.all)
    func `pins, attention and command lines change, and a foreign session goes`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada") { $0.session = HarnessSession(id: "s", harness: "echo") }
            let host = HostID(high: 4, low: 4)
            #expect(try await town.store.change(ada, .pin(host), now: town.start).pinnedTo == host)
            let value = Host(
                id: host, machine: "m", process: "12:34", startedAt: town.start, expiresAt: town.start,
                isForeground: true)
            try await town.store.announce(value, now: town.start)
            var renewed = value
            renewed.expiresAt = town.start + .seconds(60)
            renewed.lacks = ["claude", "aider --yes"]
            try await town.store.announce(renewed, now: town.start)
            #expect(try await town.store.hosts() == [renewed])
            #expect(try await town.events(.hostStarted).count == 1)
            try await town.send(ada)
            let lease = try #require(try await town.lease(ada, host: host))
            #expect(await code { try await town.store.retire(host, died: true, now: town.start) } == .illegalMove)
            try await town.store.release(lease.token, cause: .hostDied, now: town.start)
            try await town.store.retire(host, died: true, now: town.start)
            #expect(try await town.store.hosts().isEmpty)
            #expect(try await town.agent(ada).pinnedTo == nil)
            #expect(try await town.events(.hostDied).count == 1)
            #expect(try await town.store.change(ada, .attention("look"), now: town.start).attention == "look")
            #expect(try await town.store.change(ada, .cli("echo"), now: town.start).session != nil)
            #expect(try await town.store.change(ada, .cli("other"), now: town.start).session == nil)
        }
    }
}
