import Model
import StoreSupport
import TestOrder
import Testing

/// Offers of backlog tasks to idle agents, and how an agent ends that could not work.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct OfferConformance {
    @Test(arguments: Subject.all)
    func `W20 a task is offered once to an agent, whatever it does with the offer`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task("build it")
            #expect(try await town.store.offer(task, to: ada, now: town.start) == .offered)
            #expect(try await town.store.offer(task, to: ada, now: town.start) == .known)
            let lease = try #require(try await town.lease(ada))
            #expect(lease.deliveries.map(\.message.body) == [.offer(task)])
            #expect(lease.tasks.map(\.id) == [task], "the turn knows the task that it is about")
            _ = try await town.store.commit(town.finished(lease))
            // It was left: nobody is reminded, and nothing waits.
            #expect(try await town.store.queueCounts() == QueueCounts())
            #expect(try await town.store.task(task)?.inBacklog == true)
            #expect(try await town.store.offer(task, to: ada, now: town.start) == .known)
            #expect(try await town.events(.taskOffered).count == 1)
        }
    }

    @Test(arguments: Subject.all)
    func `a task is offered to one agent at a time, and to the next when the first has left it`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let task = try await town.task("build it")
            #expect(try await town.store.offer(task, to: ada, now: town.start) == .offered)
            #expect(try await town.store.offer(task, to: bob, now: town.start) == .taken)
            let lease = try #require(try await town.lease(ada))
            #expect(try await town.store.offer(task, to: bob, now: town.start) == .taken)
            _ = try await town.store.commit(town.finished(lease))
            #expect(try await town.store.offer(task, to: bob, now: town.start) == .offered)
        }
    }

    @Test(arguments: Subject.all)
    func `an agent that cannot think about its offer now keeps nobody waiting`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let task = try await town.task("build it")
            #expect(try await town.store.offer(task, to: ada, now: town.start) == .offered)
            try await town.store.change(ada, .interrupt(reason: nil), now: town.start)
            #expect(try await town.store.offer(task, to: bob, now: town.start) == .offered)
        }
    }

    @Test(arguments: Subject.all)
    func `an offer that nobody has read is withdrawn when the task leaves the backlog`(_ subject: Subject) async throws
    {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            for move in [TaskMove.assign(bob), .cancel("no"), .complete("by hand")] {
                let task = try await town.task("build it")
                #expect(try await town.store.offer(task, to: ada, now: town.start) == .offered)
                try await town.move(task, move)
                #expect(try await town.texts(ada).isEmpty)
                #expect(try await town.lease(ada) == nil)
            }
        }
    }

    @Test(arguments: Subject.all)
    func `only an idle agent with rounds left is offered anything, and only what is in the backlog`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let task = try await town.task("build it")
            func result(_ agent: AgentID) async throws -> OfferResult {
                try await town.store.offer(task, to: agent, now: town.start)
            }
            let busy = try await town.spawn("busy")
            try await town.send(busy)
            #expect(try await result(busy) == .busy)
            _ = try await town.lease(busy)
            #expect(try await result(busy) == .busy)
            let spent = try await town.spawn("spent") { ($0.maxTurns, $0.turnsSinceStart) = (1, 1) }
            #expect(try await result(spent) == .busy)
            let waiting = try await town.spawn("waiting") { $0.retryAt = town.start + .seconds(9) }
            #expect(try await result(waiting) == .busy)
            let chief = try await town.spawn("chief") { $0.kind = .lead }
            #expect(try await result(chief) == .busy)
            let held = try await town.spawn("held")
            try await town.store.change(held, .interrupt(reason: nil), now: town.start)
            #expect(try await result(held) == .busy)
            let ended = try await town.spawn("ended")
            try await town.store.change(ended, .stop(.now), now: town.start)
            #expect(try await result(ended) == .busy)
            let free = try await town.spawn("free")
            let elsewhere = try await town.task("has an owner", for: busy)
            #expect(try await town.store.offer(elsewhere, to: free, now: town.start) == .taken)
            #expect(await code { _ = try await result(town.id()) } == .agentNotFound)
            #expect(try await result(free) == .offered)
        }
    }

    @Test(arguments: Subject.all)
    func `W47 an agent that used up its rounds without being able to work ends in error, and can be restarted`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada") { $0.maxTurns = 2 }
            try await town.send(ada)
            for _ in 0..<2 {
                let lease = try #require(try await town.lease(ada))
                _ = try await town.store.commit(town.failed(lease))
            }
            let ended = try await town.store.change(ada, .retire(reason: "its 2 rounds are used up"), now: town.start)
            #expect(ended.state == .error)
            #expect(
                ended.attention
                    == "its 2 rounds are used up, and its last 2 turns failed; let it continue with: tt restart ada")
            #expect(try await town.events(.agentFailed).count == 1)
            #expect(try await town.events(.agentCompleted).isEmpty)
            #expect(try await town.texts(ada).count == 1, "its mail waits")
            let back = try await town.store.change(ada, .restart(maxTurns: nil), now: town.start)
            #expect(back.state == .starting && back.attention == nil && back.consecutiveFailures == 0)
        }
    }
}
