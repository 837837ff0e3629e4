import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import Testing

/// What a call asks of the server stays the same however large a town, an inbox or a group is, counted by the server itself.
@Suite(.timeLimit(.minutes(3)), .serialized, .queued) struct RedisBounds {
    @Test(arguments: ServerProgram.all)
    func `a lease costs the same whatever open tasks its agent has, and shows those that can be worked on`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        let ada = try await town.spawn("ada")
        let first = try await town.task("first")
        try await place.give(ada, 500, waitingFor: first)
        let ready = try await place.give(ada, 700)
        // Another program gave it away.
        try await place.client.send(["HSET", "tt:t:task:\(ready[0])", "assigned_to", "\(town.id() as AgentID)"])
        try await town.send(ada, "look", priority: .urgent)
        var lease: Lease?
        let cost = try await place.cost { lease = try await town.lease(ada, max: 1) }
        #expect(cost.calls == 1 && cost.commands < 1000, "\(cost)")
        let turn = try #require(lease)
        let isShown = turn.tasks.map(\.id) == Array(ready[1...200])
        #expect(isShown)
        _ = try await store.commit(town.finished(turn))
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a part that ends does not look at all others of a large group, and the last one ends the group`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        var group = AgentTask(id: town.id(), description: "all", createdBy: .supervisor, createdAt: town.start)
        group.isGroup = true
        try await store.create([NewTask(group)])
        let parts = (0..<350).map { number in
            var task = AgentTask(
                id: town.id(), description: "part \(number)", createdBy: .supervisor, createdAt: town.start)
            task.parent = group.id
            return NewTask(task)
        }
        try await store.create(parts)
        let cost = try await place.cost { try await town.move(parts[0].task.id, .complete("done")) }
        #expect(cost.calls == 1 && cost.commands < 400, "\(cost)")
        for part in parts.dropFirst() { try await town.move(part.task.id, .complete("done")) }
        let ended = try #require(try await store.task(group.id))
        #expect(ended.state == .completed && ended.result == "All of its 350 tasks are completed")
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a backlog whose list another program emptied is set right in several looks`(_ program: ServerProgram)
        async throws
    {
        let place = try await PagedTown(program)
        let store = place.store
        try await store.create(
            (0..<1200).map { number in
                var task = AgentTask(
                    id: place.town.id(), description: "task \(number)", createdBy: .supervisor,
                    createdAt: place.town.start)
                task.inBacklog = true
                return NewTask(task)
            })
        try await place.client.send(["DEL", "tt:t:backlog"])
        var left: [Int] = []
        for _ in 0..<3 {
            let cost = try await place.cost { left.append(try await store.taskCounts().backlog) }
            #expect(cost.calls == 1 && cost.commands < 6000, "\(cost)")
        }
        #expect(left == [700, 200, 0])
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a town of another program with thousands of tasks is taken in page by page, and begun anew when interrupted`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        // A look at a town that is not there makes none.
        let other = try await RedisStore.open(place.server.client(), town: "o", time: StillTime())
        let time = "2026-04-20T18:22:15+00:00"
        var commands: [RedisCommand] = []
        let agents = (0..<250).map { _ in "\(town.id() as AgentID)" }.sorted()
        for (number, id) in agents.enumerated() {
            commands.append(
                RedisCommand(
                    "HSET", "tt:o:agent:\(id)", "id", id, "name", "a\(number)", "state", "stopped", "created_at", time)
            )
        }
        let tasks = (0..<2600).map { _ in "\(town.id() as TaskID)" }.sorted()
        for (number, id) in tasks.enumerated() {
            commands.append(
                RedisCommand(
                    "HSET", "tt:o:task:\(id)", "id", id, "description", "t\(number)", "state", "pending", "created_at",
                    time, "updated_at", time, "tags", "[]"))
            if number % 2 == 0 { commands.append(RedisCommand("RPUSH", "tt:o:backlog", id)) }
        }
        for start in stride(from: 0, to: commands.count, by: 500) {
            _ = try await place.client.pipeline(Array(commands[start..<min(start + 500, commands.count)]))
        }
        let listed = tasks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        // Interrupted after a page of each.
        for (agents, tasks) in [(Array(agents.prefix(200)), []), ([], Array(tasks.prefix(200)))] {
            let cost = try await place.cost {
                try await other.index(agents: agents, tasks: tasks, Set(listed), isLast: false)
            }
            #expect(cost.calls == 1 && cost.commands < 3000, "\(cost)")
        }
        #expect(try await place.client.send(["HGET", "tt:o:meta", "indexed"]) == .null)
        await other.close()

        var opened: RedisStore?
        let opening = try await place.cost {
            opened = try await RedisStore.open(place.server.client(), town: "o", time: StillTime())
        }
        #expect(opening.calls >= 2 + 13 + 1, "pages of 200")
        let next = try #require(opened)
        #expect(try await place.client.send(["HGET", "tt:o:meta", "indexed"]).text == "2")
        #expect(try await next.agents().map(\.id.description) == agents, "in the order in which they were made")
        #expect(try await next.tasks(TaskFilter(), page: Page(limit: 5000)).map(\.id.description) == tasks)
        #expect(try await next.tasks(.backlog, page: Page(limit: 5000)).map(\.id.description) == listed)
        let once = try await place.cost {
            await (try RedisStore.open(place.server.client(), town: "o", time: StillTime())).close()
        }
        #expect(once.calls == 0, "it is done once")
        await next.close()
        await store.close()
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a long inbox is listed and taken in several calls, and entries of which nothing is left are passed over`(
        _ program: ServerProgram
    ) async throws {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        let ada = try await town.spawn("ada")
        let tasks = try await place.give(ada, 2300)
        // Too deep in the list to be taken out of it.
        for task in tasks[1000..<1300] { try await town.move(task, .cancel("no")) }
        #expect(try await place.client.send(["LLEN", "tt:t:inbox:\(ada)"]).integer == 2300)
        for _ in 0..<2 {
            let shown = try await store.inbox(ada, page: Page(limit: 10_000)).map(\.message.body)
            let isWhole = shown == (tasks[..<1000] + tasks[1300...]).map { .taskAssign($0) }
            #expect(isWhole)
        }
        let count = try await place.cost {
            let waiting = try await store.queueCounts().waiting
            #expect(waiting == 2001)
        }
        #expect(count.commands < 50, "who lists them changes nothing that others would have to look for: \(count)")
        var taken: [Delivery] = []
        let taking = try await place.cost { taken = try await store.take(ada, limit: 950, now: town.start) }
        #expect(taken.map(\.message.body) == tasks[..<950].map { .taskAssign($0) })
        #expect(taking.calls == 10 && taking.commands < 10 * 1500, "\(taking)")
        #expect(try await store.take(ada, limit: 400, now: town.start).count == 400)
        #expect(try await store.queueCounts().waiting == 651)
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `mail that other programs pushed to many agents is counted in several calls`(_ program: ServerProgram)
        async throws
    {
        let place = try await PagedTown(program)
        let (town, store) = (place.town, place.store)
        for number in 0..<6 {
            let agent = try await town.spawn("a\(number)")
            let entries = (0..<900).map { _ in
                #"{"id":"\#(town.id() as MessageID)","from":"\#(AgentID.supervisor)","to":"\#(agent)","type":"informational","#
                    + #""summary":"news","priority":"normal","created_at":"2026-03-09T20:03:14Z","correlation_id":null}"#
            }
            try await place.client.send(RedisCommand("RPUSH", arguments: ["tt:t:inbox:\(agent)"] + entries))
        }
        // Who is to take a turn is asked in one call, and what was not looked at may be work.
        let pulse = try await place.cost {
            let works = try await store.pulse().map(\.hasWork)
            #expect(works == [false, false, true, true, true, true])
        }
        #expect(pulse.calls == 1 && pulse.commands < 20_000, "\(pulse)")
        #expect(try await store.queueCounts().waiting == 5401)
        #expect(try await store.pulse().allSatisfy { !$0.hasWork })
        await place.close()
    }
}
