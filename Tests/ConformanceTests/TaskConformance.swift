import Model
import StoreSupport
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct TaskConformance {
    @Test(arguments: Subject.all)
    func `an assigned task is announced, started by its turn, completed and reported`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (boss, ada) = (try await town.spawn("boss"), try await town.spawn("ada"))
            let id = try await town.task(by: boss, for: ada)
            #expect(try await town.store.task(id)?.state == .assigned)
            let lease = try #require(try await town.lease(ada))
            #expect(lease.tasks.map(\.id) == [id])
            #expect(lease.tasks.map(\.state) == [.running])
            #expect(lease.agent.currentTask == id)
            try await town.move(id, .complete("fine"), by: ada)
            let agent = try await town.store.commit(town.finished(lease))
            #expect((agent.currentTask, agent.tasksCompleted) == (nil, 1))
            let report = try #require(try await town.store.inbox(boss, page: Page()).first?.message)
            #expect(report.body == .taskDone(id, result: "fine"))
            #expect(report.hops == 0, "it goes back to where its giver was")
            #expect(
                try await town.events(.taskCreated, .taskAssigned, .taskStarted, .taskCompleted).map(\.newState)
                    == ["pending", "assigned", "running", "completed"])
        }
    }

    @Test(arguments: Subject.all)
    func `a task left open is asked for twice and then fails (W5)`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (boss, ada) = (try await town.spawn("boss"), try await town.spawn("ada"))
            let id = try await town.task(by: boss, for: ada)
            for round in 1...3 {
                try await town.turn(ada)
                #expect(
                    try await town.store.inbox(ada, page: Page()).map(\.message.body.task) == (round < 3 ? [id] : []))
                #expect(try await town.store.task(id)?.state == (round < 3 ? .running : .failed))
            }
            let task = try #require(try await town.store.task(id))
            #expect(task.state == .failed)
            #expect(task.result == "ada ended three turns without completing it")
            #expect(try await town.lease(ada) == nil)
            #expect(try await town.agent(ada).currentTask == nil)
            #expect(
                try await town.store.inbox(boss, page: Page()).map(\.message.body)
                    == [.taskFailed(id, error: "ada ended three turns without completing it")])
            #expect(try await town.events(.taskReminded).count == 2)
        }
    }

    @Test(arguments: Subject.all)
    func `a turn that leaves its task open may be followed after a pause only`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            let id = try await town.task(for: ada)
            let later = town.start + .seconds(10)
            var commit = town.finished(try #require(try await town.lease(ada)))
            commit.retryIfOpen = later
            #expect(try await town.store.commit(commit).retryAt == later)
            #expect(try await town.agent(ada).retryAt == later)
            #expect(try await town.lease(ada) == nil)
            // One that ends it is followed by nothing.
            let lease = try #require(try await town.lease(ada, at: later))
            try await town.move(id, .complete("done"))
            commit = town.finished(lease)
            commit.retryIfOpen = later
            #expect(try await town.store.commit(commit).retryAt == nil)
            // Nor is one that had no task.
            try await town.send(ada)
            commit = town.finished(try #require(try await town.lease(ada)))
            commit.retryIfOpen = later
            #expect(try await town.store.commit(commit).retryAt == nil)
        }
    }

    @Test(arguments: Subject.all)
    func `an agent that ends one task a turn is not hurried with the others`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (boss, ada) = (try await town.spawn("boss"), try await town.spawn("ada"))
            var ids: [TaskID] = []
            for _ in 0..<6 { ids.append(try await town.task(by: boss, for: ada)) }
            for (round, id) in ids.enumerated() {
                let lease = try #require(try await town.lease(ada))
                try await town.move(id, .complete("done"), by: ada)
                try await town.store.commit(town.finished(lease))
                let asked = try await town.store.inbox(ada, page: Page()).compactMap(\.message.body.task)
                #expect(asked == Array(ids.dropFirst(round + 1)))
                for open in asked { #expect(try await town.store.task(open)?.reminders == 0) }
            }
            #expect(try await town.lease(ada) == nil)
        }
    }

    @Test(arguments: Subject.all)
    func `an ended task never moves (W40)`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            for end in [TaskMove.complete("r"), .fail("r"), .cancel("r")] {
                let id = try await town.task(for: ada)
                try await town.move(id, end)
                let before = try await town.dump()
                for move in [TaskMove.complete("x"), .fail("x"), .cancel("x"), .start, .requeue, .assign(ada)] {
                    #expect(await code { try await town.move(id, move) } == .illegalMove)
                }
                #expect(try await town.dump() == before)
            }
            #expect(try await town.texts(ada).isEmpty, "nothing is left to say about them")
            #expect(await code { try await town.move(town.id(), .start) } == .taskNotFound)
        }
    }

    @Test(arguments: Subject.all)
    func `of many that claim one task one gets it, and a failed claim loses nothing (W6)`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let id = try await town.task()
            #expect(await code { try await town.move(id, .assign(town.id())) } == .agentNotFound)
            #expect(try await town.store.taskCounts().backlog == 1)
            var agents: [AgentID] = []
            for number in 0..<8 { agents.append(try await town.spawn("a\(number)")) }
            let claims = await withTaskGroup(of: StoreError.Code?.self) { group in
                for agent in agents {
                    group.addTask { await code { try await town.move(id, .assign(agent), by: agent) } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(claims.filter { $0 == nil }.count == 1)
            #expect(claims.filter { $0 == .illegalMove }.count == 7)
            #expect(try await town.store.taskCounts() == TaskCounts(byState: [.assigned: 1]))
            #expect(try await town.store.waitingCounts().count == 1)
        }
    }

    @Test(arguments: Subject.all)
    func `requeueing takes the task and its waiting announcement from the old owner (W16)`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let id = try await town.task(for: ada)
            try await town.send(ada, "other")
            let task = try await town.move(id, .requeue)
            #expect((task.assignedTo, task.inBacklog, task.state) == (nil, true, .pending))
            #expect(try await town.texts(ada) == ["other"])
            #expect(try await town.store.tasks(.backlog, page: Page()).map(\.id) == [id])
            try await town.move(id, .assign(ada))
            try await town.move(id, .assign(bob))
            #expect(try await town.texts(ada) == ["other"])
            let lease = try #require(try await town.lease(bob))
            try await town.move(id, .requeue)
            #expect(try await town.store.inbox(bob, page: Page()).count == 1, "what is leased stays")
            try await town.store.commit(town.finished(lease))
            #expect(try await town.store.inbox(bob, page: Page()).isEmpty)
        }
    }

    @Test(arguments: Subject.all)
    func `the task of a dead assignment fails, and whoever gave it hears of it once`(_ subject: Subject) async throws {
        try await subject.run { town in
            let (boss, ada) = (try await town.spawn("boss"), try await town.spawn("ada"))
            let id = try await town.task(by: boss, for: ada)
            let lease = try #require(try await town.lease(ada))
            try await town.store.commit(town.failed(lease, maxAttempts: 1))
            #expect(try await town.store.task(id)?.state == .failed)
            #expect(try await town.store.inbox(boss, page: Page()).count == 1)
            let sent = try await town.send(ada, "hi", from: boss)
            let again = try #require(try await town.lease(ada))
            try await town.store.commit(town.failed(again, maxAttempts: 1))
            #expect(try await town.state(sent) == .dead)
            #expect(try await town.store.inbox(boss, page: Page()).map(\.message.correlation) == [nil, sent])
        }
    }

    @Test(arguments: Subject.all)
    func `tasks are found by state, owner, backlog and the beginning of their id`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            var full = AgentTask(
                id: TaskID(high: 0xABCD_EF01_2345_6789, low: 1), description: "d\ne", createdBy: .supervisor,
                createdAt: town.start, tags: ["a b", "c"])
            full.inBacklog = true
            try await town.store.create(full, assignee: nil)
            try await town.store.create(full, assignee: nil)  // safe to repeat
            let own = try await town.task(for: ada)
            let last = try await town.task()
            func find(_ filter: TaskFilter) async throws -> [TaskID] {
                try await town.store.tasks(filter, page: Page()).map(\.id)
            }
            #expect(try await town.store.task(full.id) == full)
            #expect(try await find(TaskFilter()) == [full.id, own, last])
            #expect(try await find(TaskFilter(assignee: ada)) == [own])
            #expect(try await find(TaskFilter(states: [.assigned, .running], assignee: ada)) == [own])
            #expect(try await find(TaskFilter(states: [.completed])).isEmpty)
            #expect(try await find(.backlog) == [full.id, last])
            #expect(try await find(TaskFilter(inBacklog: false)) == [own])
            #expect(try await find(TaskFilter(idPrefix: "abcd")) == [full.id])
            #expect(try await find(TaskFilter(idPrefix: "abcdef01-234")) == [full.id])
            #expect(try await find(TaskFilter(idPrefix: "abcdef01234")).isEmpty)
            #expect(try await find(TaskFilter(idPrefix: "xyz")).isEmpty)
            #expect(try await town.store.tasks(TaskFilter(), page: Page(offset: 1, limit: 1)).map(\.id) == [own])
            #expect(
                try await town.store.taskCounts() == TaskCounts(byState: [.pending: 2, .assigned: 1], backlog: 2))
        }
    }
}
