import Model
import StoreSupport
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct TurnConformance {
    @Test(arguments: Subject.all)
    func `a turn leases, works and commits`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let id = try await town.send(ada)
            let lease = try #require(try await town.lease(ada))
            #expect(lease.token.epoch == 1)
            #expect(lease.agent.state == .working)
            #expect(lease.deliveries.map(\.deliveries) == [1])
            #expect(try await town.state(id) == .leased)
            #expect(try await town.store.leases() == [lease.record])
            #expect(try await town.lease(ada) == nil, "one turn at a time")
            var commit = town.finished(lease)
            commit.session = HarnessSession(id: "s", harness: "echo", totals: Usage(inputTokens: 3, costUSD: 0.5))
            let agent = try await town.store.commit(commit)
            #expect(agent.state == .idle)
            #expect(agent.turnsCompleted == 1)
            #expect(agent == (try await town.agent(ada)))
            #expect(agent.session == commit.session)
            #expect(try await town.state(id) == .done)
            #expect(try await town.store.leases().isEmpty)
            #expect(try await town.store.queueCounts() == QueueCounts())
            #expect(try await town.events(.turnFinished).map(\.text) == ["ada finished turn 1 in 12 s"])
        }
    }

    @Test(arguments: Subject.all)
    func `what only informs waits for a turn that something else starts`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada, body: .informational(summary: "fyi"))
            #expect(try await town.lease(ada) == nil)
            #expect(try await town.store.pulse().map(\.hasWork) == [false])
            try await town.send(ada, "work")
            #expect(try await town.store.pulse().map(\.hasWork) == [true])
            #expect(try await town.lease(ada)?.deliveries.map(\.message.body.text) == ["fyi", "work"])
        }
    }

    @Test(arguments: Subject.all)
    func `every write with an old token fails and changes nothing`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            let old = try #require(try await town.lease(ada))
            try await town.store.release(old.token, cause: .hostDied, now: town.start)
            for isLeased in [false, true] {
                if isLeased { #expect(try await town.lease(ada)?.token.epoch == 2) }
                let before = try await town.dump()
                let now = town.start
                var commit = town.finished(old)
                commit.sends = [town.message(ada)]
                let final = commit
                #expect(await code { try await town.store.renew(old.token, until: now, now: now) } == .leaseLost)
                #expect(await code { _ = try await town.store.commit(final) } == .leaseLost)
                #expect(await code { _ = try await town.store.commit(town.failed(old)) } == .leaseLost)
                #expect(
                    await code { try await town.store.release(old.token, cause: .drained, now: now) } == .leaseLost)
                let session = HarnessSession(id: "x", harness: "echo")
                #expect(
                    await code { try await town.store.note(old.token, session: session, now: now) } == .leaseLost)
                #expect(try await town.dump() == before)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `a commit that is repeated fails and has its effects once (W1)`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            try await town.send(ada)
            let lease = try #require(try await town.lease(ada))
            var commit = town.finished(lease)
            commit.sends = [town.message(bob, "over to you", from: ada), town.message(town.id(), from: ada)]
            let final = commit
            _ = try await town.store.commit(final)
            let after = try await town.dump()
            #expect(await code { _ = try await town.store.commit(final) } == .leaseLost)
            #expect(try await town.dump() == after)
            #expect(try await town.texts(bob) == ["over to you"])
            #expect(try await town.store.delivery(final.sends[0].id)?.message.hops == 1)
            // What nobody can receive does not undo the turn.
            #expect(try await town.state(final.sends[1].id) == .dead)
        }
    }

    @Test(arguments: Subject.all)
    func `a failed turn puts its messages back in order, and counts what is theirs`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada, "a")
            try await town.send(ada, "b")
            let retry = town.start + .seconds(10)
            let first = try #require(try await town.lease(ada))
            let agent = try await town.store.commit(town.failed(first, .network, counts: false, retryAt: retry))
            #expect(agent.retryAt == retry)
            #expect(agent.consecutiveFailures == 1)
            #expect(agent.turnsSinceStart == 0)
            try await town.send(ada, "c")
            #expect(try await town.lease(ada) == nil, "it backs off")
            let second = try #require(try await town.lease(ada, at: retry))
            #expect(second.deliveries.map(\.attempts) == [0, 0, 0])
            #expect(second.deliveries.map(\.message.body.text) == ["a", "b", "c"])
            let next = try await town.store.commit(town.failed(second, .crash, drops: true))
            #expect(next.turnsSinceStart == 1)
            #expect(next.turnsCompleted == 0)
            #expect(try await town.store.inbox(ada, page: Page()).map(\.attempts) == [1, 1, 1])
            #expect(try await town.events(.turnFailed).count == 2)
        }
    }

    @Test(arguments: Subject.all)
    func `a back-off ends with the turn that follows, whatever the clock does`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada, "a")
            let (day, retry) = (town.start + .seconds(86_400), town.start + .seconds(86_700))
            let first = try #require(try await town.lease(ada, at: day))
            _ = try await town.store.commit(town.failed(first, .network, counts: false, retryAt: retry, at: day))
            #expect(try await town.lease(ada, at: day + .seconds(1)) == nil, "it backs off")
            // The clock was a day ahead and is set right: what it said of the next turn means nothing now.
            let second = try #require(try await town.lease(ada, at: town.start))
            #expect(second.agent.retryAt == nil)
            let later = town.start + .seconds(60)
            try await town.store.release(second.token, cause: .hostDied, now: later)
            #expect(try await town.agent(ada).retryAt == nil)
            #expect(try await town.lease(ada, at: later + .seconds(1)) != nil, "not a day later")
        }
    }

    @Test(arguments: Subject.all)
    func `a message that failed twice is leased alone and nothing overtakes it`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada, "bad")
            for _ in 0..<2 {
                let lease = try #require(try await town.lease(ada))
                _ = try await town.store.commit(town.failed(lease))
            }
            try await town.send(ada, "good")
            try await town.send(ada, "pressing", priority: .urgent)
            let urgent = try #require(try await town.lease(ada))
            #expect(urgent.deliveries.map(\.message.body.text) == ["pressing"])
            _ = try await town.store.commit(town.finished(urgent))
            let alone = try #require(try await town.lease(ada))
            #expect(alone.deliveries.map(\.message.body.text) == ["bad"])
            _ = try await town.store.commit(town.failed(alone, maxAttempts: 3))
            #expect(try await town.lease(ada)?.deliveries.map(\.message.body.text) == ["good"])
        }
    }

    @Test(arguments: Subject.all)
    func `a message that ends every turn's host becomes a dead letter in the end`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let id = try await town.send(ada)
            for _ in 0..<maxDeliveries {
                let lease = try #require(try await town.lease(ada))
                try await town.store.release(
                    lease.token, cause: .hostDied, maxHostDeaths: 1000, now: town.start)
            }
            #expect(try await town.state(id) == .dead)
            #expect(try await town.lease(ada) == nil)
            #expect(try await town.store.delivery(id)?.attempts == 0)
        }
    }

    @Test(arguments: Subject.all)
    func `a message whose turns end their host goes alone after three of them, and is dead after five`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let bad = try await town.send(ada, "bad")
            for deaths in 1...5 {
                if deaths == 4 { try await town.send(ada, "good") }
                let lease = try #require(try await town.lease(ada))
                #expect(lease.deliveries.map(\.message.body.text) == ["bad"])
                #expect(lease.deliveries.map(\.hostDeaths) == [deaths - 1])
                try await town.store.release(lease.token, cause: .hostDied, now: town.start)
                #expect(try await town.agent(ada).hostDeaths == (deaths < 5 ? deaths : 0))
            }
            #expect(try await town.state(bad) == .dead)
            #expect(try await town.store.delivery(bad)?.lastError == "its turn ended the host 5 times")
            #expect(try await town.events(.messageDead).count == 1)
            let next = try #require(try await town.lease(ada))
            #expect(next.deliveries.map(\.message.body.text) == ["good"])
            _ = try await town.store.commit(town.finished(next))
            // A retry begins anew.
            try await town.store.retryDead(bad, to: nil, now: town.start)
            #expect(try await town.store.delivery(bad)?.hostDeaths == 0)
        }
    }

    @Test(arguments: Subject.all)
    func `a host that stops, and a turn that ends, count no death, and the agent's count follows its messages`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let id = try await town.send(ada)
            for cause in [ReleaseCause.drained, .killed, .interrupted, .expired] {
                let lease = try #require(try await town.lease(ada))
                try await town.store.release(lease.token, cause: cause, now: town.start)
                if cause == .killed || cause == .interrupted { continue }
                #expect(try await town.store.delivery(id)?.hostDeaths == 0)
            }
            for _ in 0..<3 {
                let lease = try #require(try await town.lease(ada))
                try await town.store.release(lease.token, cause: .hostDied, now: town.start)
            }
            #expect(try await town.agent(ada).hostDeaths == 3)
            let failed = try #require(try await town.lease(ada))
            #expect(try await town.store.commit(town.failed(failed)).hostDeaths == 3)
            let done = try #require(try await town.lease(ada))
            #expect(try await town.store.commit(town.finished(done)).hostDeaths == 0)
            // What is counted is part of what is saved.
            #expect(try await town.store.delivery(id)?.hostDeaths == 3)
        }
    }

    @Test(arguments: Subject.all)
    func `a host's death is not counted for a message about a task that has ended`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task("ends meanwhile", for: ada)
            let lease = try #require(try await town.lease(ada))
            let letter = try #require(lease.deliveries.first?.message.id)
            try await town.move(task, .cancel("settled"))
            try await town.store.release(lease.token, cause: .hostDied, now: town.start)
            let delivery = try #require(try await town.store.delivery(letter))
            #expect(delivery.state == .done && delivery.hostDeaths == 0)
        }
    }

    @Test(arguments: Subject.all)
    func `a turn during which the clock was set back took no time`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            let lease = try #require(try await town.lease(ada))
            _ = try await town.store.commit(
                TurnCommit(
                    token: lease.token, outcome: .finished(reply: "done"), duration: .seconds(-4453), now: town.start))
            #expect(try await town.events(.turnFinished).first?.detail?.duration == .zero)
        }
    }

    @Test(arguments: Subject.all)
    func `a failure that needs a person pauses the agent and says why`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            let lease = try #require(try await town.lease(ada))
            let agent = try await town.store.commit(
                town.failed(lease, .authentication, counts: false, pause: "log in"))
            #expect(agent.state == .paused)
            #expect(agent.attention == "log in")
            #expect(try await town.events(.agentAttention).count == 1)
            #expect(try await town.lease(ada) == nil)
            let resumed = try await town.store.change(ada, .resume, now: town.start)
            #expect(resumed.state == .idle)
            #expect(resumed.attention == nil)
            #expect(try await town.lease(ada) != nil)
        }
    }

    @Test(arguments: Subject.all)
    func `failures in a row are counted, and a turn that ends well ends the row`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            // A plain message takes the short way in Redis, a task the long one.
            for isTask in [false, true] {
                if isTask { _ = try await town.task(for: ada) } else { try await town.send(ada) }
                for row in 1...2 {
                    let lease = try #require(try await town.lease(ada))
                    #expect(lease.agent.consecutiveFailures == row - 1)
                    let failed = try await town.store.commit(town.failed(lease))
                    #expect(failed.consecutiveFailures == row)
                }
                let turn = try await town.turn(ada)
                #expect(turn.consecutiveFailures == 0)
                #expect(try await town.agent(ada).consecutiveFailures == 0)
                if isTask { continue }
                try await town.send(ada)
                #expect(try await town.lease(ada)?.agent.consecutiveFailures == 0)
                try await town.store.release(
                    try #require(try await town.store.leases().first).token, cause: .drained, now: town.start)
                try await town.turn(ada)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `a session that a failure makes useless is gone, and any other failure keeps it`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let session = HarnessSession(id: "s1", harness: "echo", totals: Usage(inputTokens: 7))
            try await town.send(ada)
            let first = try #require(try await town.lease(ada))
            try await town.store.note(first.token, session: session, now: town.start)
            var kept = town.failed(first)
            kept.session = session
            #expect(try await town.store.commit(kept).session == session)
            let second = try #require(try await town.lease(ada))
            #expect(second.agent.session == session)
            var commit = town.failed(second, .sessionLost, drops: true)
            commit.dropsSession = true
            #expect(try await town.store.commit(commit).session == nil)
            #expect(try await town.agent(ada).session == nil)
            let third = try #require(try await town.lease(ada))
            #expect(third.agent.session == nil)
            // A turn that ends well may leave its conversation behind, too.
            try await town.store.note(third.token, session: session, now: town.start)
            var last = town.finished(third)
            last.dropsSession = true
            #expect(try await town.store.commit(last).session == nil)
        }
    }

    @Test(arguments: Subject.all)
    func `a known session that is noted again keeps its totals, and another one begins with its own`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            let lease = try #require(try await town.lease(ada))
            var commit = town.finished(lease)
            commit.session = HarnessSession(
                id: "s1", harness: "echo", totals: Usage(inputTokens: 900, cacheWriteTokens: 70, costUSD: 0.5))
            _ = try await town.store.commit(commit)
            try await town.send(ada)
            let next = try #require(try await town.lease(ada))
            try await town.store.note(next.token, session: HarnessSession(id: "s1", harness: "echo"), now: town.start)
            #expect(try await town.agent(ada).session == commit.session)
            let other = HarnessSession(id: "s2", harness: "echo")
            try await town.store.note(next.token, session: other, now: town.start)
            #expect(try await town.agent(ada).session == other)
        }
    }

    @Test(arguments: Subject.all)
    func `one turn at a time, also for an agent that drains and has more to do`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            for _ in 0..<3 { try await town.send(ada) }
            try await town.store.change(ada, .stop(.whenEmpty), now: town.start)
            let lease = try #require(try await town.lease(ada, max: 1))
            #expect(lease.agent.state == .draining)
            #expect(try await town.lease(ada, max: 1) == nil, "the first turn goes on")
            #expect(try await town.store.leases().map(\.token) == [lease.token])
            _ = try await town.store.commit(town.finished(lease))
            #expect(try await town.lease(ada, max: 1)?.deliveries.count == 1)
        }
    }

    @Test(arguments: Subject.all)
    func `renewing keeps the lease and a session noted is kept`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            let lease = try #require(try await town.lease(ada))
            let (now, until) = (town.start + .seconds(20), town.start + .seconds(50))
            try await town.store.renew(lease.token, until: until, now: now)
            #expect(try await town.store.leases().map(\.expiresAt) == [until])
            #expect(try await town.agent(ada).lastHeartbeat == now)
            let session = HarnessSession(id: "s1", harness: "echo")
            try await town.store.note(lease.token, session: session, now: now)
            try await town.store.release(lease.token, cause: .hostDied, now: now)
            #expect(try await town.agent(ada).session == session)
        }
    }

    @Test(arguments: Subject.all)
    func `an agent pinned to a host, backing off or out of rounds gets no turn`(_ subject: Subject) async throws {
        try await subject.run { town in
            let other = HostID(high: 1, low: 2)
            let ada = try await town.spawn("ada") { $0.pinnedTo = other }
            try await town.send(ada)
            #expect(try await town.lease(ada) == nil)
            #expect(try await town.lease(ada, host: other) != nil)
            let bob = try await town.spawn("bob") { $0.maxTurns = 1 }
            try await town.send(bob)
            try await town.turn(bob)
            try await town.send(bob)
            #expect(try await town.lease(bob) == nil)
            #expect(await code { _ = try await town.lease(town.id()) } == .agentNotFound)
        }
    }

    @Test(arguments: Subject.all)
    func `many senders and hosts at once: each message is worked on once, in order`(_ subject: Subject) async throws {
        try await subject.run { town in
            let agents = [try await town.spawn("ada"), try await town.spawn("bob")]
            let (senders, each) = (6, 15)
            let worked = try await withThrowingTaskGroup(of: [Worked].self) { group in
                for sender in 0..<senders {
                    group.addTask {
                        for number in 0..<each {
                            try await town.send(agents[number % 2], "\(sender)/\(number)")
                        }
                        return []
                    }
                }
                for worker in 0..<4 {
                    group.addTask {
                        var seen: [Worked] = []
                        for round in 0..<150 {
                            let agent = agents[(worker + round) % 2]
                            guard let lease = try await town.lease(agent, max: 3) else { continue }
                            if round % 5 == 4 {
                                try await town.store.release(lease.token, cause: .drained, now: town.start)
                                continue
                            }
                            _ = try await town.store.commit(town.finished(lease))
                            seen += Worked.by(lease)
                        }
                        return seen
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            var all = worked
            for agent in agents {
                while let lease = try await town.lease(agent) {
                    all += Worked.by(lease)
                    _ = try await town.store.commit(town.finished(lease))
                }
            }
            #expect(all.count == senders * each)
            #expect(Set(all.map { "\($0.sender)/\($0.number)" }).count == senders * each)
            #expect(try await town.store.queueCounts() == QueueCounts())
            // The turns of an agent follow each other, and so do in them the messages of each sender.
            for agent in agents {
                let turns = all.enumerated().filter { $0.element.agent == agent }
                    .sorted { ($0.element.epoch, $0.offset) < ($1.element.epoch, $1.offset) }.map(\.element)
                for sender in 0..<senders {
                    let numbers = turns.filter { $0.sender == sender }.map(\.number)
                    #expect(numbers == numbers.sorted() && !numbers.isEmpty, "\(numbers)")
                }
            }
        }
    }
}

/// A message that a turn worked on.
private struct Worked: Sendable {
    var agent: AgentID
    var epoch: Int64
    var sender: Int
    var number: Int

    static func by(_ lease: Lease) -> [Worked] {
        lease.deliveries.map { delivery in
            let numbers = delivery.message.body.text.split(separator: "/").compactMap { Int($0) }
            return Worked(agent: lease.agent.id, epoch: lease.token.epoch, sender: numbers[0], number: numbers[1])
        }
    }
}
