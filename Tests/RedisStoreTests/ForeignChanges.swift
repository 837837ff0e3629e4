import MemoryStore
import Model
import Redis
import RedisServers
import StoreSupport
import TestOrder
import Testing

/// What Tinytown changes in a town that this program has opened already.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ForeignChanges {
    private static let ada = "11111111-2222-4333-8444-555555555555"
    private static let bob = "21111111-2222-4333-8444-555555555555"
    private static let first = "99999999-8888-4777-8666-555555555551"
    private static let second = "99999999-8888-4777-8666-555555555552"
    private static let third = "99999999-8888-4777-8666-555555555553"

    @Test(arguments: ServerProgram.all)
    func `an agent that Tinytown adds later is listed, gets mail and takes turns`(_ program: ServerProgram)
        async throws
    {
        try await ForeignTown.run(program) { place in
            let (town, ada) = (place.town, AgentID(Self.ada)!)
            try await town.spawn("before")
            try await place.spawn(Self.ada, "later")
            // Named by its id it gets mail before anybody listed it.
            try await town.send(ada, "hello")
            #expect(try await place.agents(2) == ["before", "later"])
            #expect(try await town.store.pulse().map(\.hasWork) == [false, true])
            try await town.turn(ada)
            #expect(try await town.agent(ada).turnsCompleted == 1)
            try await place.spawn(Self.bob, "working", state: "working")
            #expect(try await place.agents(3) == ["before", "later", "working"])
            #expect(try await town.agent(AgentID(Self.bob)!).state == .idle, "no turn of it runs here")
            // What is no record of an agent is nothing to anybody.
            try await place.redis("HSET", "@agent:\(Self.first)", "name", "without id")
            try await place.redis("SET", "@agent:\(Self.second)", "text")
            #expect(try await town.store.agents().count == 3)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `agents and tasks are found among the keys of a large server, a part with each look`(_ program: ServerProgram)
        async throws
    {
        try await ForeignTown.run(program) { place in
            for number in 0..<60 {
                let words = (0..<100).flatMap { ["@filler:\(number):\($0)", "x"] }
                let keys = words.map { $0.hasPrefix("@") ? place.prefix + $0.dropFirst() : $0 }
                try await place.client.send(RedisCommand("MSET", arguments: keys))
            }
            try await place.town.spawn("before")
            try await place.spawn(Self.ada, "later")
            try await place.put(task: Self.first, "pushed from a plan", "pending")
            #expect(try await place.agents(2) == ["before", "later"])
            var looks = 0
            while looks < 400, try await place.town.store.taskCounts().byState[.pending] != 1 {
                looks += 1
                _ = try await place.town.store.agents()
            }
            #expect(
                try await place.town.store.tasks(TaskFilter(), page: Page()).map(\.description)
                    == ["pushed from a plan"])
            for number in 0..<60 {
                let keys = (0..<100).map { place.prefix + "filler:\(number):\($0)" }
                try await place.client.send(RedisCommand("UNLINK", arguments: keys))
            }
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W15 a task whose state Tinytown sets is counted and listed as it is, and what waited for it goes on`(
        _ program: ServerProgram
    ) async throws {
        try await ForeignTown.run(program) { place in
            let (town, store) = (place.town, place.town.store)
            let ada = try await town.spawn("ada")
            let task = try await town.task("build it", for: ada)
            var next = AgentTask(id: town.id(), description: "then this", createdBy: .supervisor, createdAt: town.start)
            next.dependsOn = [task]
            try await store.create(next, assignee: Assignment(agent: ada, announcement: town.id()))
            #expect(try await store.taskCounts().byState == [.assigned: 1, .pending: 1])
            try await place.put(task: task.description, "build it", "running", owner: ada.description)
            #expect(try await store.taskCounts().byState == [.running: 1, .pending: 1])
            try await place.put(
                task: task.description, "build it", "completed", owner: ada.description, result: "done over there")
            #expect(try await store.taskCounts().byState == [.completed: 1, .assigned: 1], "the next one was released")
            let done = try await store.tasks(TaskFilter(states: [.completed]), page: Page())
            #expect(done.map(\.result) == ["done over there"])
            let open = try await store.tasks(TaskFilter(states: [.assigned], assignee: ada), page: Page())
            #expect(open.map(\.description) == ["then this"])
            #expect(await code { try await town.move(task, .fail("no")) } == .illegalMove, "an ended task stays ended")
            // The announcement of what has ended is withdrawn.
            let lease = try #require(try await town.lease(ada))
            #expect(lease.deliveries.map(\.message.body) == [.taskAssign(next.id)])
        }
    }

    @Test(arguments: ServerProgram.all)
    func `a task that Tinytown gives to another agent, or deletes, is found with its owner, or not at all`(
        _ program: ServerProgram
    ) async throws {
        try await ForeignTown.run(program) { place in
            let (town, store) = (place.town, place.town.store)
            let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
            let task = try await town.task("build it", for: ada)
            let gone = try await town.task("never mind")
            try await place.put(task: task.description, "build it", "assigned", owner: bob.description)
            #expect(try await store.task(task)?.assignedTo == bob)
            #expect(try await store.tasks(TaskFilter(assignee: ada), page: Page()).isEmpty)
            #expect(try await store.tasks(TaskFilter(assignee: bob), page: Page()).map(\.id) == [task])
            try await place.redis("LREM", "@backlog", "1", gone.description)
            try await place.redis("DEL", "@task:\(gone)")
            #expect(try await store.taskCounts() == TaskCounts(byState: [.assigned: 1], backlog: 0))
            #expect(try await store.tasks(.backlog, page: Page()).isEmpty)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `Tinytown's backlog is ours: what it adds is listed, what it claims is gone`(_ program: ServerProgram)
        async throws
    {
        try await ForeignTown.run(program) { place in
            let (town, store) = (place.town, place.town.store)
            let ada = try await town.spawn("ada")
            let own = try await town.task("ours")
            try await place.put(task: Self.first, "theirs", "pending")
            try await place.redis("RPUSH", "@backlog", Self.first)
            #expect(try await store.tasks(.backlog, page: Page()).map(\.description) == ["ours", "theirs"])
            #expect(try await store.taskCounts() == TaskCounts(byState: [.pending: 2], backlog: 2))
            #expect(try await place.list("backlog") == [own.description, Self.first])
            // Tinytown's claim: out of the list, assigned, and a message.
            try await place.redis("LREM", "@backlog", "1", own.description)
            try await place.put(task: own.description, "ours", "assigned", owner: ada.description)
            #expect(try await store.taskCounts() == TaskCounts(byState: [.pending: 1, .assigned: 1], backlog: 1))
            #expect(try await store.offer(own, to: ada, now: town.start) == .taken)
            // Ours: one step.
            try await town.move(TaskID(Self.first)!, .assign(ada))
            #expect(try await place.list("backlog").isEmpty)
            #expect(try await place.fields("task:\(Self.first)")["state"] == "assigned")
            // Its requeue, which puts an id in twice (W16): it is listed once.
            try await place.put(task: own.description, "ours", "pending")
            for _ in 0..<2 { try await place.redis("RPUSH", "@backlog", own.description) }
            #expect(try await store.tasks(.backlog, page: Page()).map(\.id) == [own])
            #expect(try await store.taskCounts().backlog == 1)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `the task of an assignment that Tinytown pushes is known by the time its agent reads of it`(
        _ program: ServerProgram
    ) async throws {
        try await ForeignTown.run(program) { place in
            let (town, store) = (place.town, place.town.store)
            let ada = try await town.spawn("ada")
            try await place.put(task: Self.first, "given over there", "assigned", owner: ada.description)
            try await place.redis(
                "RPUSH", "@inbox:\(ada)",
                #"{"id":"\#(Self.second)","from":"\#(AgentID.supervisor)","to":"\#(ada)","type":"task_assign","#
                    + #""task_id":"\#(Self.first)","priority":"normal","created_at":"2026-03-09T20:03:14.667655Z","#
                    + #""correlation_id":null}"#)
            let lease = try #require(try await town.lease(ada))
            #expect(lease.tasks.map(\.description) == ["given over there"])
            #expect(lease.tasks.map(\.state) == [.running])
            #expect(try await store.taskCounts().byState == [.running: 1])
            #expect(try await place.fields("task:\(Self.first)")["state"] == "running")
        }
    }

    @Test(arguments: ServerProgram.all)
    func `an offer is not repeated after the town moved to another store and back`(_ program: ServerProgram)
        async throws
    {
        try await ForeignTown.run(program) { place in
            let ada = try await place.town.spawn("ada")
            let task = try await place.town.task("build it")
            #expect(try await place.town.store.offer(task, to: ada, now: place.town.start) == .offered)
            let lease = try #require(try await place.town.lease(ada))
            _ = try await place.town.store.commit(place.town.finished(lease))
            let elsewhere = Town(store: MemoryStore())
            try await WholeTown.fill(
                elsewhere.store, try await WholeTown.read(place.town.store))
            #expect(try await elsewhere.store.offer(task, to: ada, now: place.town.start) == .known)
            let other = try await elsewhere.task("another")
            #expect(try await elsewhere.store.offer(other, to: ada, now: place.town.start) == .offered)
            try await WholeTown.fill(
                place.town.store, try await WholeTown.read(elsewhere.store), ReplaceTerms(overwrites: true))
            for task in [task, other] {
                #expect(try await place.town.store.offer(task, to: ada, now: place.town.start) == .known)
            }
            try await place.town.move(other, .cancel("no"))
            #expect(try await place.town.store.queueCounts().waiting == 0, "what was offered elsewhere is withdrawn")
        }
    }

    @Test(arguments: ServerProgram.all)
    func `a state that Tinytown writes for an agent counts`(_ program: ServerProgram) async throws {
        try await ForeignTown.run(program) { place in
            let (town, store) = (place.town, place.town.store)
            let ada = try await town.spawn("ada")
            try await town.send(ada, "work")
            try await place.redis("HSET", "@agent:\(ada)", "state", "paused")
            #expect(try await town.lease(ada) == nil)
            try await place.redis("HSET", "@agent:\(ada)", "state", "stopped")
            #expect(try await store.pulse().isEmpty)
            try await place.redis("HSET", "@agent:\(ada)", "state", "idle")
            #expect(try await store.agents().map(\.state) == [.idle])
            #expect(try await store.pulse().map(\.hasWork) == [true])
            let lease = try #require(try await town.lease(ada))
            // A whole record that was read before the turn began (W15): the lease holds, the turn commits.
            try await place.spawn(ada.description, "ada")
            _ = try await store.commit(town.finished(lease))
            #expect(try await town.agent(ada).state == .idle)
            #expect(try await store.queueCounts() == QueueCounts())
        }
    }
}
