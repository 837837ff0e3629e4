import FoundationEssentials
import Model
import Operations
import Testing

@Suite(.timeLimit(.minutes(1))) struct TaskTests {
    @Test func `an assigned task is announced in the agent's inbox`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let task = try await AssignTask.call(.init(agent: "backend", task: "Build it", tags: ["api"]), in: town).task
        #expect(task.state == .assigned && task.tags == ["api"])
        let message = try #require(try await ReadInbox.call(.init(agent: "backend"), in: town).messages.first)
        #expect(message.message.body == .taskAssign(task.id))
        #expect(message.taskDescription == "Build it")
    }

    @Test func `W55 a task is known by the first digits of its id, from four on`() async throws {
        let town = makeTown()
        let task = try await AddToBacklog.call(.init(description: "Later"), in: town).task
        let id = task.id.description
        for reference in [id, id.uppercased(), String(id.prefix(4)), String(id.prefix(13)), task.shortID] {
            #expect(try await town.task(reference).id == task.id, "\(reference)")
        }
        let plain = id.split(separator: "-").joined()
        #expect(try await town.task(String(plain.prefix(14))).id == task.id)
        for reference in [String(id.prefix(3)), "", "zzzz", "not an id"] {
            #expect(await failure { _ = try await town.task(reference) }?.code == .invalid, "\(reference)")
        }
        let other = id.hasPrefix("0000") ? "ffff" : "0000"
        #expect(await failure { _ = try await town.task(other) }?.code.kind == .notFound)
    }

    @Test func `a beginning that several tasks share is a conflict that lists them`() async throws {
        let town = makeTown()
        for low in [1, 2] as [UInt64] {
            var task = AgentTask(
                id: TaskID(high: 0xABCD_0000_0000_4000, low: low), description: "task \(low)", createdBy: .supervisor,
                createdAt: town.time.now())
            task.inBacklog = true
            try await town.store.create(task, assignee: nil)
        }
        let error = await failure { _ = try await town.task("abcd") }
        #expect(error?.code.kind == .conflict)
        #expect(error?.message.contains("task 1") == true && error?.message.contains("task 2") == true)
    }

    @Test func `in a turn the task need not be named`() async throws {
        var town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let task = try await AssignTask.call(.init(agent: "backend", task: "Build it"), in: town).task
        #expect(await failure { _ = try await CompleteTask.call(.init(), in: town) }?.code == .invalid)
        town.caller = Caller(agentName: "backend")
        #expect(try await CurrentTask.call(.init(), in: town).task.id == task.id)
        let done = try await CompleteTask.call(.init(result: "works"), in: town).task
        #expect(done.id == task.id && done.state == .completed && done.result == "works")
    }

    @Test func `the turn's own task comes before the agent's other open tasks`() async throws {
        var town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "backend"), in: town)
        let first = try await AssignTask.call(.init(agent: "backend", task: "one"), in: town).task
        let second = try await AssignTask.call(.init(agent: "backend", task: "two"), in: town).task
        town.caller = Caller(agentName: "backend")
        #expect(await failure { _ = try await CompleteTask.call(.init(), in: town) }?.code.kind == .conflict)
        town.caller.taskID = second.id.description
        #expect(try await FailTask.call(.init(result: "no"), in: town).task.id == second.id)
        #expect(try await ShowTask.call(TaskInput(task: first.id.description), in: town).task.state == .assigned)
    }

    @Test func `W40 an ended task stays as it ended`() async throws {
        let town = makeTown()
        let task = try await AddToBacklog.call(.init(description: "Later"), in: town).task
        _ = try await CancelTask.call(.init(task: task.shortID), in: town)
        #expect(
            await failure { _ = try await CompleteTask.call(.init(task: task.shortID), in: town) }?.code.kind
                == .conflict)
        #expect(try await ShowTask.call(TaskInput(task: task.shortID), in: town).task.state == .cancelled)
    }

    @Test func `W6 claiming for an agent that is not there leaves the backlog as it was`() async throws {
        let town = makeTown()
        let task = try await AddToBacklog.call(.init(description: "Later", tags: ["a", "b"]), in: town).task
        #expect(
            await failure { _ = try await ClaimFromBacklog.call(.init(task: task.shortID, agent: "x"), in: town) }?.code
                .kind
                == .notFound)
        #expect(try await ListBacklog.call(.init(), in: town).tasks.map(\.id) == [task.id])
    }

    @Test func `a claimed task cannot be claimed again, nor removed from the backlog`() async throws {
        let town = makeTown()
        for name in ["one", "two"] { _ = try await SpawnAgent.call(.init(name: name), in: town) }
        let task = try await AddToBacklog.call(.init(description: "Later"), in: town).task
        #expect(
            try await ClaimFromBacklog.call(.init(task: task.shortID, agent: "one"), in: town).task.state == .assigned)
        #expect(
            await failure { _ = try await ClaimFromBacklog.call(.init(task: task.shortID, agent: "two"), in: town) }?
                .code.kind == .conflict)
        #expect(
            await failure { _ = try await RemoveFromBacklog.call(TaskInput(task: task.shortID), in: town) }?.code.kind
                == .conflict)
    }

    @Test func `the whole backlog goes to one agent, in its order`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "one"), in: town)
        for number in 0..<250 { _ = try await AddToBacklog.call(.init(description: "t\(number)"), in: town) }
        let moved = try await AssignBacklog.call(.init(agent: "one"), in: town).tasks
        #expect(moved.map(\.description) == (0..<250).map { "t\($0)" })
        #expect(try await ListBacklog.call(.init(), in: town).tasks.isEmpty)
    }

    @Test func `tasks are listed by state, and a wrong state names the right ones`() async throws {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "one"), in: town)
        let task = try await AssignTask.call(.init(agent: "one", task: "x"), in: town).task
        _ = try await AddToBacklog.call(.init(description: "y"), in: town)
        _ = try await CompleteTask.call(.init(task: task.shortID), in: town)
        func count(_ state: String?) async throws -> Int {
            try await ListTasks.call(.init(state: state), in: town).tasks.count
        }
        #expect(try await count(nil) == 2)
        #expect(try await count("open") == 1)
        #expect(try await count("completed") == 1)
        #expect(try await count("in_flight") == 0)
        let error = await failure { _ = try await count("nearly") }
        #expect(error?.code == .invalid && error?.description.contains("completed") == true)
    }

    @Test func `W46 the newest events are read, oldest of them first, and reading goes on behind the last`()
        async throws
    {
        let town = makeTown()
        _ = try await SpawnAgent.call(.init(name: "one"), in: town)
        for number in 0..<30 { _ = try await AssignTask.call(.init(agent: "one", task: "t\(number)"), in: town) }
        let newest = try await ReadEvents.call(.init(limit: 5), in: town)
        #expect(newest.events.count == 5)
        #expect(newest.events.map(\.sequence) == Array((newest.last - 4)...newest.last))
        #expect(try await ReadEvents.call(.init(after: newest.last), in: town).events.isEmpty)
        let one = try await ReadEvents.call(.init(limit: 100, agent: "one", types: ["agent_spawned"]), in: town)
        #expect(one.events.map(\.type) == [.agentSpawned])
        #expect(await failure { _ = try await ReadEvents.call(.init(types: ["nope"]), in: town) }?.code == .invalid)
    }
}
