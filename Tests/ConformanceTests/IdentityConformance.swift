import Model
import StoreSupport
import TestOrder
import Testing

/// Who sent a message, which turn still writes, and how much it may send.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct IdentityConformance {
    /// Takes a turn with a secret.
    private func lease(_ agent: AgentID, proof: String, in town: Town) async throws -> Lease? {
        try await town.store.lease(
            LeaseRequest(agent: agent, host: town.host, turn: town.id(), now: town.start, proof: proof))
    }

    @discardableResult
    private func acting<Value: Sendable>(
        _ lease: Lease, _ limits: SendLimits = SendLimits(), _ body: () async throws -> Value
    ) async throws -> Value {
        try await ActingTurn.$current.withValue(
            ActingTurn(token: lease.token, limits: limits), operation: { try await body() })
    }

    @Test(arguments: Subject.all)
    func `the digest of a turn's secret lives as long as the lease`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            let first = try #require(try await lease(ada, proof: "abc", in: town))
            #expect(first.record.proof == "abc")
            try await town.store.renew(first.token, until: town.start + .seconds(60), now: town.start)
            #expect(try await town.store.leases().map(\.proof) == ["abc"])
            #expect(try await town.store.pulse().first?.lease?.proof == "abc")
            try await town.store.release(first.token, cause: .drained, now: town.start)
            #expect(try await town.store.leases().isEmpty)
            let second = try #require(try await town.lease(ada))
            #expect(second.record.proof == nil)
        }
    }

    @Test(arguments: Subject.all)
    func `a turn that is over writes nothing any more, whatever verb it tries`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let task = try await town.task(for: ada)
            let old = try #require(try await lease(ada, proof: "one", in: town))
            _ = try await acting(old) { try await town.send(bob, "while it runs", from: ada) }
            try await town.store.release(old.token, cause: .drained, now: town.start)
            let new = try #require(try await lease(ada, proof: "two", in: town))
            #expect(new.token.epoch > old.token.epoch)
            let before = try await town.dump()
            let verbs: [@Sendable () async throws -> Void] = [
                { try await town.send(bob, "late", from: ada) },
                { try await town.move(task, .complete("late"), by: ada) },
                { _ = try await town.task("late", by: ada) }, { try await town.spawn("late") },
                { try await town.store.change(bob, .stop(.now), now: town.start) },
                { try await town.store.append([Event(.turnStalled, "late", at: town.start)]) },
                { _ = try await town.store.take(.supervisor, limit: 1, now: town.start) },
                { try await town.store.reset(now: town.start) },
            ]
            for verb in verbs {
                #expect(await code { try await acting(old) { try await verb() } } == .leaseLost)
            }
            #expect(try await town.dump() == before)
            try await acting(new) { try await town.move(task, .complete("in time"), by: ada) }
            #expect(try await town.store.task(task)?.state == .completed)
        }
    }

    @Test(arguments: Subject.all)
    func `a turn and its agent's minute have a limit of what they send`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            try await town.send(ada)
            let turn = try #require(try await town.lease(ada))
            let limits = SendLimits(perTurn: 3, perMinute: 5)
            try await acting(turn, limits) {
                try await town.send(bob, "1", from: ada)
                _ = try await town.task("2", by: ada, for: bob)
                _ = try await town.task("3", by: ada)
            }
            let error = await failure {
                _ = try await acting(turn, limits) { try await town.send(bob, "4", from: ada) }
            }
            #expect(error?.code == .tooManySends && error?.message.contains("limits.sends_per_turn") == true)
            #expect(try await town.store.inbox(bob, page: Page()).count == 2)
            _ = try await town.store.commit(town.finished(turn))

            try await town.send(ada)
            let next = try #require(try await town.lease(ada))
            try await acting(next, limits) {
                try await town.send(bob, "4", from: ada)
                try await town.send(bob, "5", from: ada)
            }
            let late = await failure { _ = try await acting(next, limits) { try await town.send(bob, "6", from: ada) } }
            #expect(late?.code == .tooManySends && late?.message.contains("limits.sends_per_minute") == true)
            var message = town.message(bob, "a minute later", from: ada)
            message.createdAt = town.start + .seconds(61)
            let sent = message
            _ = try await acting(next, limits) { try await town.store.send([sent], limits: SendLimits()) }
            #expect(try await town.texts(bob).last == "a minute later")
            // Calls outside a turn are not counted.
            for _ in 0..<10 { try await town.send(bob, "a person", from: ada) }
        }
    }

    @Test(arguments: Subject.all)
    func `an inbox takes no more than its limit, the supervisor's too`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            for to in [ada, .supervisor] {
                let limits = SendLimits(maxInbox: 3)
                for _ in 0..<3 { _ = try await town.store.send([town.message(to)], limits: limits) }
                let error = await failure { _ = try await town.store.send([town.message(to)], limits: limits) }
                #expect(error?.code == .inboxFull && error?.message.contains("limits.max_inbox") == true)
                #expect(try await town.store.inbox(to, page: Page()).count == 3)
            }
            // All or none.
            _ = try await town.store.take(.supervisor, limit: 1, now: town.start)
            let two = [town.message(.supervisor), town.message(.supervisor)]
            #expect(
                await code { _ = try await town.store.send(two, limits: SendLimits(maxInbox: 3)) } == .inboxFull)
            #expect(try await town.store.inbox(.supervisor, page: Page()).count == 2)
        }
    }

    @Test(arguments: Subject.all)
    func `whether a sender was proven stays with the message, and the log says where it was not`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let sent: [Message] = [true, false, nil].map {
                var message = town.message(bob, from: ada)
                message.verified = $0
                return message
            }
            _ = try await town.store.send(sent, limits: SendLimits())
            #expect(try await town.store.inbox(bob, page: Page()).map(\.message.verified) == [true, false, nil])
            #expect(
                try await town.events(.messageSent).map { $0.text.hasPrefix("ada (unverified) to bob") }
                    == [false, true, false])
            let lease = try #require(try await town.lease(bob))
            #expect(lease.deliveries.map(\.message.verified) == [true, false, nil])
        }
    }

    private func failure(_ body: () async throws -> Void) async -> StoreError? {
        do { try await body() } catch { return error as? StoreError }
        return nil
    }
}
