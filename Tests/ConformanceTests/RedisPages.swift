import Model
import Redis
import RedisServers
import RedisStore
import TestSupport
import Testing

/// Verbs that have to do with all of an agent's work, or with all of a town, take it in pages: no call looks at more than
/// some hundred messages or tasks, counted by the server itself.
@Suite(.timeLimit(.minutes(3))) struct RedisPages {
    /// A town with a server of its own.
    private struct Place {
        var server: PrivateServer
        var client: RedisClient
        var store: RedisStore
        var town: Town

        /// What a call may ask of the server at the most, whatever an agent has.
        static let most = 3000

        init(_ program: ServerProgram) async throws {
            server = try await PrivateServer(program)
            client = server.client()
            store = try await RedisStore.open(server.client(), town: "t", time: StillTime())
            town = Town(store: store)
            // Brings the library, which is not counted.
            try await town.send(.supervisor)
        }

        func close() async {
            await store.close()
            client.close()
        }

        /// How many calls of verbs a piece of work made, and how many commands in all.
        func cost(_ body: () async throws -> Void) async throws -> (calls: Int, commands: Int) {
            try await client.send(["CONFIG", "RESETSTAT"])
            try await body()
            var (calls, commands) = (0, 0)
            for line in (try await client.send(["INFO", "commandstats"]).text ?? "").split(whereSeparator: \.isNewline)
            {
                guard line.hasPrefix("cmdstat_"), !line.hasPrefix("cmdstat_config") else { continue }
                let count = Int(line.split(separator: "=")[1].prefix { $0.isNumber }) ?? 0
                commands += count
                if line.hasPrefix("cmdstat_fcall:") { calls = count }
            }
            return (calls, commands)
        }

        /// Sends many messages, each third one a question, the first ones urgent.
        func fill(_ agent: AgentID, _ count: Int, urgent: Int = 0, from: AgentID = .supervisor) async throws {
            for start in stride(from: 0, to: count, by: 500) {
                let messages = (start..<min(start + 500, count)).map { number in
                    town.message(
                        agent, "\(number)", from: from, priority: number < urgent ? .urgent : .normal,
                        body: number % 3 == 0 ? .query(question: "\(number)") : nil)
                }
                _ = try await store.send(messages, limits: SendLimits())
            }
        }

        /// Gives an agent many tasks, and returns them in their order.
        @discardableResult
        func give(_ agent: AgentID, _ count: Int, waitingFor need: TaskID? = nil) async throws -> [TaskID] {
            var ids: [TaskID] = []
            for start in stride(from: 0, to: count, by: 100) {
                let tasks = (start..<min(start + 100, count)).map { number in
                    var task = AgentTask(
                        id: town.id(), description: "task \(number)", createdBy: .supervisor, createdAt: town.start)
                    task.dependsOn = need.map { [$0] } ?? []
                    return NewTask(task, assignee: Assignment(agent: agent, announcement: town.id()))
                }
                try await store.create(tasks)
                ids += tasks.map(\.task.id)
            }
            return ids
        }

        func inbox(_ agent: AgentID) async throws -> [String] {
            try await store.inbox(agent, page: Page(limit: 10_000)).map(\.message.body.text)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `an agent with thousands of messages and hundreds of tasks is removed in pages, and counted as a whole`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        let (ada, bob) = (try await place.town.spawn("ada"), try await place.town.spawn("bob"))
        try await place.fill(ada, 1600, urgent: 700, from: bob)
        let tasks = try await place.give(ada, 450)
        try await place.fill(ada, 1400, from: bob)
        try await place.store.change(ada, .stop(.now), now: place.town.start)
        var (pages, isMore, moved, letters) = (0, true, [TaskID](), 0)
        while isMore {
            let cost = try await place.cost {
                let page = try await place.store.removePage(of: ada, now: place.town.start)
                moved += page.tasks
                #expect(page.total.letters - letters <= 100 && page.tasks.count <= 50)
                #expect(page.total.tasks == moved.count)
                (letters, isMore) = (page.total.letters, page.isMore)
            }
            #expect(cost.calls == 1 && cost.commands < Place.most, "\(cost)")
            pages += 1
        }
        #expect(pages >= 39 && letters == 3000 && moved == tasks)
        #expect(try await place.store.agents().map(\.name) == ["bob"])
        let removed = try await place.town.events(.agentRemoved).map(\.message)
        #expect(
            removed == [
                "ada was removed from the town; 450 of its tasks are in the backlog again, 3000 of its messages are "
                    + "dead letters"
            ])
        #expect(try await place.store.taskCounts().backlog == 450)
        #expect(try await place.store.queueCounts() == QueueCounts(waiting: 3001, leased: 0, dead: 3000))
        #expect(try await place.client.send(["EXISTS", "tt:t:inbox:\(ada)", "tt:t:urgent:\(ada)"]).integer == 0)
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a removal that was interrupted holds the agent down, and whoever removes it next carries it on`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        let (town, store) = (place.town, place.store)
        let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
        try await place.fill(ada, 900, from: bob)
        let tasks = try await place.give(ada, 250)
        try await store.change(ada, .stop(.now), now: town.start)
        var letters = 0
        // Its tasks, and some of its messages.
        for _ in 0..<8 {
            let page = try await store.removePage(of: ada, now: town.start)
            #expect(page.isMore)
            letters = page.total.letters
        }
        #expect((1..<900).contains(letters))

        do {
            try await store.change(ada, .restart(maxRounds: nil), now: town.start)
            Issue.record("it was restarted")
        } catch {
            #expect(error.code == .illegalMove && error.message.contains("tt prune"), "\(error.message)")
        }
        let other = try await town.task("for somebody")
        #expect(await code { try await town.move(other, .assign(ada)) } == .illegalMove)
        #expect(
            await code { _ = try await store.reclaim(from: bob, to: .agent(ada), now: town.start) } == .illegalMove)
        // Another program that brings it back does not change that.
        try await place.client.send(["HSET", "tt:t:agent:\(ada)", "state", "idle"])
        #expect(try await town.lease(ada) == nil)
        #expect(try await store.pulse().map(\.agent.name) == ["bob"])
        #expect(try await town.agent(ada).attention?.contains("tt prune") == true)
        // What is sent to it meanwhile goes the same way.
        let late = try await town.send(ada, "late", from: bob)

        let next = try await RedisStore.open(place.server.client(), town: "t", time: StillTime())
        let removal = try await next.remove(ada, now: town.start)
        #expect(removal == Removal(tasks: tasks, deadLetters: 901), "all of it is told, whoever did it")
        #expect(try await town.state(late) == .dead)
        #expect(try await town.events(.agentRemoved).count == 1)
        #expect(
            try await town.events(.agentRemoved)[0].message.hasSuffix(
                "250 of its tasks are in the backlog again, 901 of its messages are dead letters"))
        #expect(try await next.agent(ada) == nil)
        #expect(try await next.waitingCounts()[ada] == nil)
        let ttl = try await place.client.send(["TTL", "tt:t:removing:\(ada)"]).integer ?? -1
        #expect((1...60).contains(ttl), "what was done is forgotten by itself")
        #expect(await code { _ = try await next.remove(ada, now: town.start) } == .agentNotFound)
        await next.close()
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `reclaiming to the backlog goes in pages: what stays keeps its order and is looked at once`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        let (town, store) = (place.town, place.store)
        let ada = try await town.spawn("ada")
        try await place.fill(ada, 3000, urgent: 1300)
        let tasks = try await place.give(ada, 230)
        try await store.change(ada, .stop(.now), now: town.start)
        var (moved, at, costs) = (Reclaimed(), Optional(""), [Int]())
        while let from = at {
            let cost = try await place.cost {
                let page = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: from)
                #expect(page.moved.made.count <= 100 && page.moved.tasks.count <= 50)
                moved.tasks += page.moved.tasks
                moved.made += page.moved.made
                (moved.left, at) = (page.moved.left, page.next)
            }
            #expect(cost.calls == 1 && cost.commands < Place.most, "\(cost)")
            costs.append(cost.commands)
        }
        #expect(costs.count >= 34)
        #expect(moved.tasks == tasks && moved.made.count == 2000 && moved.left == 1000)
        let questions = stride(from: 0, to: 3000, by: 3).map { "\($0)" }
        #expect(try await place.inbox(ada) == questions)
        let backlog = try await store.tasks(.backlog, page: Page(limit: 5000)).map(\.description)
        #expect(backlog.suffix(2000) == (0..<3000).filter { $0 % 3 != 0 }.map { "\($0)" }[...])
        #expect(try await store.queueCounts().waiting == 1001)

        // A second time there are ten pages to look at, and nothing to move.
        let again = try await place.cost {
            let moved = try await store.reclaim(from: ada, to: .backlog, now: town.start)
            #expect(moved == Reclaimed(left: 1000))
        }
        #expect(again.calls == 11, "the last one sees that there are no more")
        #expect(try await place.inbox(ada) == questions)

        // All of it to another agent, as it is.
        let bob = try await town.spawn("bob")
        #expect(try await store.reclaim(from: ada, to: .agent(bob), now: town.start).messages.count == 1000)
        #expect(try await place.inbox(bob) == questions)
        #expect(try await place.inbox(ada).isEmpty)
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `between two pages of reclaimed work others may take mail away, send some, or bring the agent back`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        let (town, store) = (place.town, place.store)
        let ada = try await town.spawn("ada")
        try await place.fill(ada, 1500)
        try await store.change(ada, .stop(.now), now: town.start)
        let first = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: "")
        #expect(first.moved.left == 34)
        // What follows those that stay moves up.
        let gone = try await store.inbox(ada, page: Page(limit: 20))
        for delivery in gone {
            #expect(try await store.acknowledge(delivery.message.id, of: ada, now: town.start))
        }
        try await town.send(ada, "late")
        let urgent = try await town.send(ada, "at once", priority: .urgent, body: .query(question: "at once"))
        var (made, at) = (first.moved.made, first.next)
        while let from = at {
            let page = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: from)
            made += page.moved.made
            at = page.next
        }
        #expect(made.count == 1001 && Set(made).count == 1001, "none is passed over, none is made twice")
        let questions = stride(from: 0, to: 1500, by: 3).map { "\($0)" }
        #expect(try await place.inbox(ada) == ["at once"] + questions.dropFirst(20))
        #expect(try await store.inbox(ada, page: Page(limit: 1)).first?.message.id == urgent)

        try await place.fill(ada, 1200)
        let waiting = try await place.inbox(ada)
        let page = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: "")
        let next = try #require(page.next)
        try await store.change(ada, .restart(maxRounds: nil), now: town.start)
        let rest = try await store.reclaimPage(from: ada, to: .backlog, now: town.start, at: next)
        #expect(rest.next == nil && rest.moved.made.isEmpty && rest.moved.tasks.isEmpty, "it is its own again")
        #expect(await code { _ = try await store.reclaim(from: ada, to: .backlog, now: town.start) } == .illegalMove)
        // Nothing is lost between two pages, and it takes its turns as if nothing had been.
        #expect(try await place.inbox(ada).count == waiting.count - page.moved.made.count)
        #expect(try await town.lease(ada, max: 2)?.deliveries.map(\.message.body.text) == ["at once", "60"])
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `what the same bytes twice, or bytes that nobody can read, are to a page, they are to the inbox`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        let (town, store) = (place.town, place.store)
        let (ada, bob) = (try await town.spawn("ada"), try await town.spawn("bob"))
        try await town.send(ada, body: .query(question: "first"))
        try await town.send(ada, body: .query(question: "twice"))
        let key = "tt:t:inbox:\(ada)"
        let bytes = try #require(try await place.client.send(["LINDEX", key, "-1"]).text)
        try await place.client.send(["RPUSH", key, "no message", bytes, ""])
        try await town.send(ada, body: .query(question: "last"))
        try await store.change(ada, .stop(.now), now: town.start)
        let moved = try await store.reclaim(from: ada, to: .backlog, now: town.start)
        #expect(moved == Reclaimed(left: 3))
        #expect(try await place.client.send(["LLEN", key]).integer == 3)
        #expect(try await place.inbox(ada) == ["first", "twice", "last"])
        #expect(try await store.queueCounts() == QueueCounts(waiting: 4, leased: 0, dead: 2))
        try await place.client.send(["RPUSH", key, bytes])
        #expect(try await store.reclaim(from: ada, to: .agent(bob), now: town.start).messages.count == 3)
        #expect(try await place.inbox(bob) == ["first", "twice", "last"])
        #expect(try await place.inbox(ada).isEmpty)
        await place.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a lease costs the same whatever open tasks its agent has, and shows those that can be worked on`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
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
    func `a town of another program with thousands of tasks is taken in page by page, and begun anew when interrupted`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
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
        let place = try await Place(program)
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
        let place = try await Place(program)
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
