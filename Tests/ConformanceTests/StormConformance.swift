import Model
import StoreSupport
import TestOrder
import Testing

/// Chains of messages that go round in circles end, and those that get somewhere do not.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct StormConformance {
    private func needs(_ town: Town) async throws -> [PersonalNeed?] {
        try await town.store.inbox(.supervisor, page: Page()).map { PersonalNeed($0.message) }
    }

    @Test(arguments: Subject.all)
    func `a boss that gives the same work again and again to an agent that leaves it open comes to rest`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let (boss, minion) = (try await town.spawn("boss"), try await town.spawn("minion"))
            let root = try await town.send(boss, "get it done")
            var turns = 0
            while turns < 100 {
                if let lease = try await town.lease(minion) {
                    _ = try await town.store.commit(town.finished(lease))
                } else if let lease = try await town.lease(boss) {
                    _ = try await town.task("do it", by: boss, for: minion)
                    _ = try await town.store.commit(town.finished(lease))
                } else {
                    break
                }
                turns += 1
            }
            #expect(turns == 12, "three turns of the boss, and three of the minion for each task")
            let dead = try await town.store.deadLetters(page: Page())
            #expect(dead.count == 1)
            #expect(dead[0].message.to == boss)
            #expect(dead[0].message.root == root)
            #expect(dead[0].message.hops == 6)
            #expect(
                dead[0].lastError
                    == "minion and boss have passed it to each other 6 times and no task was completed in between "
                    + "(limits.ping_pong)")
            let told = try await needs(town)
            #expect(told.filter { $0 == .root(root) }.count == 1)
            #expect(told.count == 4, "and one for each task that failed")
            // A person lets it go on: the chain begins anew.
            try await town.store.retryDead(dead[0].message.id, to: nil, now: town.start)
            let again = try #require(try await town.lease(boss))
            #expect(again.deliveries.map(\.message.hops) == [0])
            #expect(again.deliveries.map(\.message.path) == [[]])
            #expect(again.deliveries.map(\.message.root) == [nil])
        }
    }

    @Test(arguments: Subject.all)
    func `tasks that are completed are progress, however many there are one after another`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (boss, minion) = (try await town.spawn("boss"), try await town.spawn("minion"))
            try await town.send(boss, "get it done")
            for round in 0..<30 {
                let lease = try #require(try await town.lease(boss), "round \(round)")
                let task = try await town.task("part \(round)", by: boss, for: minion)
                _ = try await town.store.commit(town.finished(lease))
                let his = try #require(try await town.lease(minion), "round \(round)")
                try await town.move(task, .complete("done"), by: minion)
                _ = try await town.store.commit(town.finished(his))
            }
            #expect(try await town.store.queueCounts().dead == 0)
            let news = try #require(try await town.lease(boss)).deliveries[0].message
            #expect(news.hops == 0)
            #expect(news.path.isEmpty)
            #expect(news.root != nil)
        }
    }

    @Test(arguments: Subject.all)
    func `a lead with eight workers and three rounds passes untouched`(_ subject: Subject) async throws {
        try await subject.run { town in
            let lead = try await town.spawn("lead")
            var workers: [AgentID] = []
            for number in 0..<8 { workers.append(try await town.spawn("worker-\(number)")) }
            try await town.send(lead, "build it")
            for _ in 0..<3 {
                let lease = try #require(try await town.lease(lead))
                var tasks: [TaskID] = []
                for worker in workers { tasks.append(try await town.task("part", by: lead, for: worker)) }
                _ = try await town.store.commit(town.finished(lease))
                for (worker, task) in zip(workers, tasks) {
                    let his = try #require(try await town.lease(worker))
                    try await town.move(task, .complete("done"), by: worker)
                    _ = try await town.store.commit(town.finished(his))
                }
            }
            #expect(try await town.store.queueCounts().dead == 0)
            #expect(try await needs(town).isEmpty)
        }
    }

    @Test(arguments: Subject.all, [3, 4, 7])
    func `agents that hand over to each other in a ring come to rest`(_ subject: Subject, size: Int) async throws {
        try await subject.run { town in
            var ring: [AgentID] = []
            for number in 0..<size { ring.append(try await town.spawn("agent-\(number)")) }
            let root = try await town.send(ring[0], "pass it on")
            var turns = 0
            for step in 0..<100 {
                guard let lease = try await town.lease(ring[step % size]) else { break }
                turns += 1
                // A counter in each of them hides nothing.
                try await town.send(ring[(step + 1) % size], "pass it on, \(step)", from: ring[step % size])
                _ = try await town.store.commit(town.finished(lease))
            }
            #expect(turns <= 21)
            #expect(try await town.store.queueCounts().dead == 1)
            #expect(try await needs(town) == [.root(root)])
        }
    }

    @Test(arguments: Subject.all)
    func `what one message leads to has a limit, completed tasks or not`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (boss, minion) = (try await town.spawn("boss"), try await town.spawn("minion"))
            let root = try await town.send(boss, "get it done")
            let limits = SendLimits(perRoot: 9)
            var tasks: [TaskID] = []
            for _ in 0..<20 {
                guard let lease = try await town.lease(boss) else { break }
                let task = try await ActingTurn.$current.withValue(ActingTurn(token: lease.token, limits: limits)) {
                    try await town.task("part", by: boss, for: minion)
                }
                tasks.append(task)
                _ = try await town.store.commit(town.finished(lease))
                guard let his = try await town.lease(minion) else { break }
                _ = try await ActingTurn.$current.withValue(ActingTurn(token: his.token, limits: limits)) {
                    try await town.move(task, .complete("done"), by: minion)
                }
                _ = try await town.store.commit(town.finished(his))
            }
            // Five tasks and five times the news of one have gone through; no further task does.
            #expect(tasks.count == 6)
            let dead = try await town.store.deadLetters(page: Page())
            #expect(dead.map(\.message.body) == [.taskAssign(tasks[5])])
            #expect(dead[0].lastError?.hasSuffix("(limits.messages_per_root)") == true)
            #expect(try await needs(town) == [.root(root)])
        }
    }

    @Test(arguments: Subject.all)
    func `a task whose assignment is held back fails, and the person hears of it once`(_ subject: Subject) async throws
    {
        try await subject.run { town in
            let (boss, minion) = (try await town.spawn("boss"), try await town.spawn("minion"))
            let root = try await town.send(boss, "get it done")
            let lease = try #require(try await town.lease(boss))
            let limits = SendLimits(maxHops: 0)
            var tasks: [TaskID] = []
            for _ in 0..<2 {
                tasks.append(
                    try await ActingTurn.$current.withValue(ActingTurn(token: lease.token, limits: limits)) {
                        try await town.task("part", by: boss, for: minion)
                    })
            }
            _ = try await town.store.commit(town.finished(lease))
            #expect(try await town.lease(minion) == nil)
            for task in tasks { #expect(try await town.store.task(task)?.state == .failed) }
            #expect(try await needs(town) == [.root(root)])
            #expect(try await town.store.queueCounts().dead == 2)
            #expect(try await town.lease(boss) == nil, "the news wakes nobody")
            #expect(try await town.store.inbox(boss, page: Page()).count == 2)
            // Read, it is not told again.
            _ = try await town.store.take(.supervisor, limit: 10, now: town.start)
            let letter = try await town.store.deadLetters(page: Page())[0].message.id
            try await town.store.retryDead(letter, to: nil, now: town.start)
            #expect(try await town.lease(minion)?.tasks.map(\.state) == [.running])
        }
    }

    @Test(arguments: Subject.all)
    func `root and path stay with a message wherever it goes`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob, eve) = (
                try await town.spawn("ada"), try await town.spawn("bob"), try await town.spawn("eve")
            )
            let root = try await town.send(ada, "begin")
            let first = try #require(try await town.lease(ada))
            try await town.send(bob, "on", from: ada)
            _ = try await town.store.commit(town.finished(first))
            let second = try #require(try await town.lease(bob))
            try await town.send(eve, "and on", from: bob)
            // Put back and leased again, it is what it was.
            try await town.store.release(second.token, cause: .drained, now: town.start)
            let letter = try #require(try await town.lease(eve)).deliveries[0].message
            #expect(letter.root == root)
            #expect(letter.path == [ada, bob])
            #expect(letter.hops == 2)
            #expect(try await town.lease(bob)?.deliveries.map(\.message.path) == [[ada]])
        }
    }
}
