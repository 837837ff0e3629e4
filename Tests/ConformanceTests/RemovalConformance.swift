import Model
import StoreSupport
import TestOrder
import Testing

/// Removing agents, moving their work, and forgetting everything.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct RemovalConformance {
    private func stopped(_ name: String, _ town: Town) async throws -> AgentID {
        let id = try await town.spawn(name)
        try await town.store.change(id, .stop(.now), now: town.start)
        return id
    }

    @Test(arguments: Subject.all)
    func `W7 a removed agent leaves its tasks in the backlog and its mail among the dead letters`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let bob = try await town.spawn("bob")
            try await town.send(ada, "first")
            try await town.turn(ada)
            let task = try await town.task("build it", for: ada)
            let done = try await town.task("over", for: ada)
            try await town.move(done, .cancel("no"))
            try await town.send(ada, "question", from: bob, body: .query(question: "which?"))
            try await town.send(ada, "news", from: bob, body: .informational(summary: "news"))
            #expect(await code { _ = try await town.store.remove(ada, now: town.start) } == .illegalMove)
            try await town.store.change(ada, .stop(.now), now: town.start)
            let removal = try await town.store.remove(ada, now: town.start)
            #expect(removal == Removal(tasks: [task], deadLetters: 2))
            #expect(try await town.store.agents().map(\.name) == ["bob"])
            #expect(try await town.store.agent(ada) == nil)
            let back = try #require(try await town.store.task(task))
            #expect(back.inBacklog && back.assignedTo == nil && back.state == .pending)
            #expect(try await town.store.taskCounts().backlog == 1)
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 1, leased: 0, dead: 2))
            #expect(
                try await town.texts(bob) == ["your query message was not worked on: ada was removed from the town"])
            #expect(try await town.store.waitingCounts()[ada] == nil)
            #expect(try await town.events(.agentRemoved).count == 1)
            let letter = try #require(try await town.store.deadLetters(page: Page()).first)
            #expect(letter.lastError == "its agent was removed" && letter.message.to == ada)
            #expect(
                await code { try await town.store.retryDead(letter.message.id, to: nil, now: town.start) }
                    == .agentNotFound)
            try await town.store.retryDead(letter.message.id, to: bob, now: town.start)
            #expect(try await town.texts(bob).last == letter.message.body.text)
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 2, leased: 0, dead: 1))
            #expect(try await town.store.waitingCounts()[bob]?.values.reduce(0, +) == 2)
            #expect(await code { _ = try await town.store.remove(ada, now: town.start) } == .agentNotFound)
            // The name is free again, and a new agent begins with nothing.
            #expect(try await town.texts(try await town.spawn("ada")).isEmpty)
        }
    }

    @Test(arguments: Subject.all)
    func `a task that waits for another loses its owner with it, and goes to the backlog when it waits no longer`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let first = try await town.task("first", for: bob)
            var second = AgentTask(id: town.id(), description: "second", createdBy: .supervisor, createdAt: town.start)
            second.dependsOn = [first]
            try await town.store.create(second, assignee: Assignment(agent: ada, announcement: town.id()))
            try await town.store.change(ada, .stop(.now), now: town.start)
            #expect(try await town.store.remove(ada, now: town.start).tasks == [second.id])
            #expect(try await town.store.taskCounts().backlog == 0)
            try await town.move(first, .complete("done"))
            let freed = try #require(try await town.store.task(second.id))
            #expect(freed.inBacklog && freed.assignedTo == nil)
        }
    }

    @Test(arguments: Subject.all)
    func `much work of an ended agent is all moved, in its order, and what stays keeps its own`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            var tasks: Set<TaskID> = []
            for number in 0..<110 { tasks.insert(try await town.task("t\(number)", for: ada)) }
            let messages = (0..<330).map { number in
                let priority: Priority = number < 130 ? .urgent : .normal
                return number % 3 == 0
                    ? town.message(ada, priority: priority, body: .query(question: "\(number)"))
                    : town.message(ada, "\(number)", priority: priority)
            }
            _ = try await town.store.send(messages, limits: SendLimits())
            try await town.store.change(ada, .stop(.now), now: town.start)
            let questions = (0..<330).filter { $0 % 3 == 0 }.map { "\($0)" }

            let freed = try await town.store.reclaim(from: ada, to: .backlog, now: town.start)
            #expect(Set(freed.tasks) == tasks && freed.tasks.count == 110)
            #expect(freed.made.count == 220 && freed.left == 110 && freed.messages.isEmpty)
            #expect(try await town.texts(ada) == questions)
            #expect(try await town.store.taskCounts().backlog == 330)

            let moved = try await town.store.reclaim(from: ada, to: .agent(bob), now: town.start)
            #expect(moved.messages.count == 110 && moved.left == 0)
            #expect(try await town.texts(bob) == questions)
            #expect(try await town.store.waitingCounts()[ada] == nil)

            try await town.store.change(bob, .stop(.now), now: town.start)
            #expect(try await town.store.remove(bob, now: town.start) == Removal(deadLetters: 110))
            #expect(try await town.events(.agentRemoved).first?.text.contains("110 of its messages") == true)
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 0, leased: 0, dead: 110))
        }
    }

    @Test(arguments: Subject.all)
    func `of what a removed agent wrote to itself it is not told`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada, "remember", from: ada)
            try await town.store.change(ada, .stop(.now), now: town.start)
            #expect(try await town.store.remove(ada, now: town.start).deadLetters == 1)
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 0, leased: 0, dead: 1))
        }
    }

    @Test(arguments: Subject.all)
    func `an agent whose turn runs is not removed, and nothing of it is moved`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            try await town.send(ada)
            _ = try await town.lease(ada)
            try await town.store.change(ada, .stop(.afterTurn), now: town.start)
            let before = try await town.dump()
            #expect(await code { _ = try await town.store.remove(ada, now: town.start) } == .illegalMove)
            let toBacklog = await code {
                _ = try await town.store.reclaim(from: ada, to: .backlog, now: town.start)
            }
            #expect(toBacklog == .illegalMove)
            let toBob = await code {
                _ = try await town.store.reclaim(from: ada, to: .agent(bob), now: town.start)
            }
            #expect(toBob == .illegalMove)
            #expect(await code { try await town.store.reset(now: town.start) } == .illegalMove)
            #expect(try await town.dump() == before)
        }
    }

    @Test(arguments: Subject.all)
    func `W16 reclaiming to the backlog frees tasks, makes tasks of described work and leaves other mail`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let task = try await town.task("assigned work", for: ada)
            try await town.turn(ada)  // left open: it is asked for again
            let described = try await town.send(ada, "described work")
            let question = try await town.send(ada, body: .query(question: "which?"))
            try await town.store.change(ada, .stop(.afterTurn), now: town.start)
            let moved = try await town.store.reclaim(from: ada, to: .backlog, now: town.start)
            #expect(moved.tasks == [task] && moved.made.count == 1 && moved.messages.isEmpty && moved.left == 1)
            let backlog = try await town.store.tasks(.backlog, page: Page())
            #expect(backlog.map(\.description) == ["assigned work", "described work"])
            #expect(backlog.allSatisfy { $0.assignedTo == nil && $0.reminders == 0 })
            #expect(try await town.state(described) == .done)
            #expect(try await town.store.inbox(ada, page: Page()).map(\.message.id) == [question])
            let again = try await town.store.reclaim(from: ada, to: .backlog, now: town.start)
            #expect(again == Reclaimed(left: 1), "a second time moves nothing")
        }
    }

    @Test(arguments: Subject.all)
    func `W16 reclaiming to an agent moves tasks and mail in their order, as the same messages`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            try await town.send(bob, "own")
            let running = try await town.task("running", for: ada)
            try await town.turn(ada)
            let waiting = try await town.task("waiting", for: ada)
            var keyed = town.message(ada, "keyed")
            keyed.idempotencyKey = "k"
            _ = try await town.store.send([keyed], limits: SendLimits())
            let failed = try await town.send(ada, "urgent", priority: .urgent)
            try await town.send(ada, body: .shutdown)
            let lease = try #require(try await town.lease(ada, max: 1))
            _ = try await town.store.commit(town.failed(lease))
            try await town.store.change(ada, .stop(.now), now: town.start)
            #expect(
                await code { _ = try await town.store.reclaim(from: ada, to: .agent(town.id()), now: town.start) }
                    == .agentNotFound)
            let moved = try await town.store.reclaim(from: ada, to: .agent(bob), now: town.start)
            #expect(Set(moved.tasks) == [running, waiting] && moved.messages == [failed, keyed.id] && moved.left == 1)
            for task in [running, waiting] {
                let now = try #require(try await town.store.task(task))
                #expect(now.assignedTo == bob && now.state == .assigned)
            }
            let inbox = try await town.store.inbox(bob, page: Page())
            #expect(inbox.first?.message.id == failed && inbox.first?.attempts == 0 && inbox.count == 5)
            #expect(inbox.last?.message.body == .task(description: "keyed"))
            #expect(try await town.store.inbox(ada, page: Page()).map(\.message.body) == [.shutdown])
            // Known by its id and its key wherever it waits.
            #expect(try await town.store.send([keyed], limits: SendLimits())[0].isDuplicate)
            #expect(try await town.store.waitingCounts()[bob]?["task_assign"] == 2)
            let turn = try #require(try await town.lease(bob))
            #expect(turn.deliveries.count == 5)
        }
    }

    @Test(arguments: Subject.all)
    func `work of an agent that nobody knows any more is reclaimed, and one task may change hands again and again`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let (ada, bob) = (try await stopped("ada", town), try await stopped("bob", town))
            let task = try await town.task("build it", for: ada)
            for round in 0..<3 {
                let now = town.start + .seconds(round)
                _ = try await town.store.reclaim(from: ada, to: .agent(bob), now: now)
                #expect(try await town.store.waitingCounts()[bob]?["task_assign"] == 1)
                #expect(try await town.store.waitingCounts()[ada] == nil)
                _ = try await town.store.reclaim(from: bob, to: .agent(ada), now: now)
            }
            #expect(try await town.store.reclaim(from: town.id(), to: .backlog, now: town.start) == Reclaimed())
            #expect(try await town.store.task(task)?.assignedTo == ada)
            #expect(
                await code { _ = try await town.store.reclaim(from: ada, to: .agent(ada), now: town.start) }
                    == .illegalMove)
        }
    }

    @Test(arguments: Subject.all)
    func `W9 a reset forgets everything but hosts, and the log goes on counting`(_ subject: Subject) async throws {
        try await subject.run { town in
            let host = Host(
                id: town.host, machine: "m", process: "1:1", startedAt: town.start, expiresAt: town.start,
                isForeground: false)
            try await town.store.announce(host, now: town.start)
            let ada = try await town.spawn("ada")
            let task = try await town.task("in the backlog")
            let assigned = try await town.task("assigned", for: ada)
            let letter = try await town.send(ada, "work")
            try await town.send(.supervisor, "news", from: ada)
            try await town.turn(ada)
            let last = try #require(try await town.events().last?.sequence)
            try await town.store.reset(now: town.start)
            #expect(try await town.store.agents().isEmpty)
            #expect(try await town.store.pulse().isEmpty)
            for id in [task, assigned] { #expect(try await town.store.task(id) == nil) }
            #expect(try await town.store.taskCounts() == TaskCounts())
            #expect(try await town.store.queueCounts() == QueueCounts())
            #expect(try await town.state(letter) == nil)
            #expect(try await town.store.inbox(.supervisor, page: Page()).isEmpty)
            #expect(try await town.store.hosts() == [host])
            let events = try await town.events()
            #expect(events.map(\.type) == [.townReset])
            #expect(events[0].sequence == last + 1)
            // And it is a town like any other.
            let bob = try await town.spawn("ada")
            try await town.send(bob, "new work")
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 1))
            try await town.turn(bob)
            #expect(try await town.store.queueCounts() == QueueCounts())
        }
    }
}
