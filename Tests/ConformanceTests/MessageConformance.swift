import Model
import StoreSupport
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct MessageConformance {
    @Test(arguments: Subject.all)
    func `what was sent waits, complete and unchanged`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let bodies: [MessageBody] = [
                .task(description: "ä\u{0}b\n" + String(repeating: "x", count: 70_000)), .query(question: "?"),
                .informational(summary: ""), .confirmation(.rejected(reason: "no")), .confirmation(.thanks),
                .taskAssign(town.id()), .taskDone(town.id(), result: "r"), .taskFailed(town.id(), error: "e"),
                .statusRequest, .statusResponse(state: "idle", currentTask: nil),
                .statusResponse(state: "working", currentTask: "t"), .ping, .pong, .shutdown,
                .custom(kind: "k", payload: "{}"),
            ]
            var messages = bodies.map { town.message(ada, body: $0) }
            messages[0].author = Author(channel: "web", id: "1", name: "Bo")
            messages[0].attachments = ["/a b", "/c"]
            messages[1].correlation = messages[0].id
            messages[2].conversation = town.id()
            messages[3].idempotencyKey = "key"
            messages[4].hops = 3
            messages[5].priority = .low
            let receipts = try await town.store.send(messages, limits: SendLimits())
            #expect(receipts.map(\.id) == messages.map(\.id))
            #expect(receipts.allSatisfy { !$0.isDuplicate && $0.refusal == nil })
            #expect(try await town.store.inbox(ada, page: Page()).map(\.message) == messages)
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 15))
            #expect(try await town.store.waitingCounts()[ada]?["status_response"] == 2)
        }
    }

    @Test(arguments: Subject.all)
    func `a message is sent once, by its id and by its key, within a call and across calls`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            var first = town.message(ada, "one")
            first.idempotencyKey = "k"
            var second = town.message(ada, "two")
            second.idempotencyKey = "k"
            let receipts = try await town.store.send([first, first, second], limits: SendLimits())
            #expect(receipts.map(\.isDuplicate) == [false, true, true])
            #expect(receipts.map(\.id) == [first.id, first.id, first.id])
            try await town.turn(ada)
            #expect(try await town.store.send([second], limits: SendLimits())[0].isDuplicate)
            #expect(try await town.store.send([first], limits: SendLimits())[0].isDuplicate)
            #expect(try await town.texts(ada).isEmpty)
            #expect(try await town.state(first.id) == .done)
        }
    }

    @Test(arguments: Subject.all)
    func `a message is acknowledged once, where it waits, and nowhere else`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let (first, second) = (town.message(ada, "one"), town.message(ada, "two"))
            _ = try await town.store.send([first, second], limits: SendLimits())
            let asked = town
            let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await asked.store.acknowledge(first.id, of: ada, now: asked.start) }
                }
                return try await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(answers.filter(\.self).count == 1)
            #expect(try await !town.store.acknowledge(second.id, of: bob, now: town.start))
            #expect(try await !town.store.acknowledge(town.id(), of: ada, now: town.start))
            #expect(try await town.state(first.id) == .done)
            #expect(try await town.texts(ada) == ["two"])
            let lease = try await town.lease(ada)
            #expect(lease?.deliveries.map(\.message.id) == [second.id])
            #expect(try await !town.store.acknowledge(second.id, of: ada, now: town.start), "a turn works on it")
            #expect(try await town.state(second.id) == .leased)
        }
    }

    @Test(arguments: Subject.all)
    func `one unknown recipient refuses the whole call`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let before = try await town.dump()
            let failure = await code {
                _ = try await town.store.send(
                    [town.message(ada), town.message(town.id())], limits: SendLimits())
            }
            #expect(failure == .agentNotFound)
            #expect(try await town.dump() == before)
        }
    }

    @Test(arguments: Subject.all)
    func `urgent comes before normal and each lane keeps its order (W13)`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            for (text, priority) in [
                ("n1", Priority.normal), ("u1", .urgent), ("n2", .low), ("h1", .high), ("u2", .urgent),
            ] { try await town.send(ada, text, priority: priority) }
            #expect(try await town.texts(ada) == ["u1", "h1", "u2", "n1", "n2"])
            #expect(
                try await town.store.inbox(ada, page: Page(offset: 2, limit: 2)).map(\.message.body.text)
                    == ["u2", "n1"])
            let lease = try #require(try await town.lease(ada, max: 4))
            #expect(lease.deliveries.map(\.message.body.text) == ["u1", "h1", "u2", "n1"])
            #expect(try await town.texts(ada) == ["u1", "h1", "u2", "n1", "n2"])
            try await town.store.release(lease.token, cause: .drained, now: town.start)
            #expect(try await town.texts(ada) == ["u1", "h1", "u2", "n1", "n2"])
        }
    }

    @Test(arguments: Subject.all)
    func `a chain of agents ends at the hop limit, and its sender is told`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            var ask = town.message(ada)
            ask.conversation = town.id()
            _ = try await town.store.send([ask], limits: SendLimits())
            for hop in 1...4 {
                let (one, other) = hop % 2 == 1 ? (ada, bob) : (bob, ada)
                let lease = try #require(try await town.lease(one))
                let handoff = town.message(other, from: one)
                let receipt = try await town.store.send([handoff], limits: SendLimits(maxHops: 3))[0]
                let delivery = try #require(try await town.store.delivery(handoff.id))
                #expect(delivery.message.hops == hop)
                #expect(delivery.message.conversation == ask.conversation)
                #expect((receipt.refusal != nil) == (hop == 4))
                #expect(delivery.state == (hop == 4 ? .dead : .queued))
                _ = try await town.store.commit(town.finished(lease))
            }
            #expect(try await town.store.deadLetters(page: Page()).count == 1)
            #expect(try await town.events(.messageDead).count == 1)
            let notice = try #require(try await town.store.inbox(bob, page: Page()).first)
            guard case .informational(let text) = notice.message.body else {
                Issue.record("not informational: \(notice)")
                return
            }
            #expect(text.contains("limit is 3"))
            #expect(try await town.lease(bob) == nil, "a notice wakes nobody")
        }
    }

    @Test(arguments: Subject.all)
    func `the supervisor's refused message is in its receipt and in the log alone`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            var message = town.message(ada)
            message.hops = 21
            let receipt = try await town.store.send([message], limits: SendLimits())[0]
            #expect(receipt.refusal != nil)
            #expect(try await town.texts(.supervisor).isEmpty)
            #expect(try await town.events(.messageDead).count == 1)
        }
    }

    @Test(arguments: Subject.all)
    func `taking from the supervisor's inbox takes each message once (W14)`(_ subject: Subject) async throws {
        try await subject.run { town in
            let sent = town
            for number in 0..<20 { try await town.send(.supervisor, "\(number)") }
            let taken = try await withThrowingTaskGroup(of: [Delivery].self) { group in
                for _ in 0..<10 { group.addTask { try await sent.store.take(.supervisor, limit: 3, now: sent.start) } }
                group.addTask {
                    try await sent.send(.supervisor, "late")
                    return []
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let rest = try await town.store.take(.supervisor, limit: 100, now: town.start)
            let all = (taken + rest).map(\.message.body.text)
            #expect(all.count == 21)
            #expect(Set(all).count == 21)
            #expect((taken + rest).allSatisfy { $0.state == .done })
            #expect(try await town.store.queueCounts() == QueueCounts())
        }
    }

    @Test(arguments: Subject.all)
    func `a dead letter can be listed, retried at the end of its inbox, and dropped`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let first = try await town.send(ada, "bad")
            let lease = try #require(try await town.lease(ada))
            try await town.store.commit(town.failed(lease, maxAttempts: 1))
            let second = try await town.send(ada, "good")
            let dead = try await town.store.deadLetters(page: Page())
            #expect(dead.map(\.message.id) == [first])
            #expect(dead[0].lastError == "it broke")
            // The person in charge is told of it, too.
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 2, dead: 1))
            try await town.store.retryDead(first, to: nil, now: town.start)
            #expect(try await town.texts(ada) == ["good", "bad"])
            #expect(try await town.store.delivery(first)?.attempts == 0)
            #expect(await code { try await town.store.retryDead(first, to: nil, now: town.start) } == .messageNotFound)
            #expect(await code { try await town.store.dropDead(second, now: town.start) } == .messageNotFound)
            let again = try #require(try await town.lease(ada))
            _ = try await town.store.commit(town.failed(again, maxAttempts: 1))
            try await town.store.dropDead(first, now: town.start)
            #expect(try await town.store.delivery(first) == nil)
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 1, dead: 1))
            #expect(try await town.events(.messageRetried, .messageDropped).count == 2)
        }
    }
}
