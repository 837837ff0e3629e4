import MemoryStore
import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import TestSupport
import Testing

/// Programs that know only Tinytown's keys share a town with this one. What is written here by hand is written from the
/// description of Tinytown 0.10's records.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ForeignPrograms {
    private static let ada = "11111111-2222-4333-8444-555555555555"
    private static let task = "99999999-8888-4777-8666-555555555555"
    private static let key = AgentID(ada)!

    private struct Place {
        var town: Town
        var client: RedisClient
        var prefix: String

        func redis(_ words: String...) async throws -> RedisValue {
            try await client.send(RedisCommand(words[0], arguments: Array(words.dropFirst())))
        }
        func key(_ name: String) -> String { prefix + name }
    }

    /// A town with one agent as Tinytown writes it, before this program sees any of it.
    private func run(
        _ program: ServerProgram, prepare: (Place) async throws -> Void = { _ in }, _ body: (Place) async throws -> Void
    ) async throws {
        let server = try await Servers.shared.server(program)
        let folder = try ScratchFolder()
        let name = "foreign-" + (folder.path.split(separator: "-").last.map(String.init) ?? "")
        let client = server.client()
        let place = Place(town: Town(store: MemoryStore()), client: client, prefix: "tt:\(name):")
        try await client.send(RedisCommand("HSET", arguments: [place.key("agent:\(Self.ada)")] + Self.agent))
        try await prepare(place)
        let store = try await RedisStore.open(server.client(), town: name, time: StillTime())
        var open = place
        open.town = Town(store: store)
        do {
            try await body(open)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        client.close()
    }

    private static let agent = [
        "id", ada, "name", "backend", "nickname", "Ruth", "role_id", "worker", "agent_type", "worker", "state", "idle",
        "cli", "claude", "created_at", "2026-04-20T18:22:15.123456789+00:00", "last_heartbeat",
        "2026-04-20T18:22:15.123+00:00", "last_active_at", "2026-04-20T18:22:15+00:00", "tasks_completed", "3",
        "rounds_completed", "5", "spawn_mode", "fresh",
    ]

    private static func message(_ type: String, _ payload: String, id: String) -> String {
        #"{"id":"\#(id)","from":"00000000-0000-0000-0000-000000000001","to":"\#(ada)","type":"\#(type)","#
            + payload
            + #""priority":"normal","created_at":"2026-03-09T20:03:14.667655Z","correlation_id":null}"#
    }

    private static func id(_ number: Int) -> String { "aaaaaaaa-bbbb-4ccc-8ddd-00000000000\(number)" }

    @Test(arguments: ServerProgram.all)
    func `a town that Tinytown made opens, and its records are not rewritten`(_ program: ServerProgram) async throws {
        try await run(
            program,
            prepare: { place in
                _ = try await place.redis(
                    "HSET", place.key("task:\(Self.task)"), "id", Self.task, "description", "Fix login", "state",
                    "in_flight", "assigned_to", Self.ada, "created_at", "2026-04-20T18:22:15.1+00:00", "updated_at",
                    "2026-04-20T18:22:15+02:00", "tags", #"["auth","api/v1"]"#)
                let waits = Self.id(9)
                _ = try await place.redis(
                    "HSET", place.key("task:\(waits)"), "id", waits, "description", "Later", "state", "pending",
                    "created_at", "2026-04-21T18:22:15+00:00", "updated_at", "2026-04-21T18:22:15+00:00", "tags", "[]")
                _ = try await place.redis("RPUSH", place.key("backlog"), waits)
            },
            { place in
                let agent = try await place.town.agent(Self.key)
                #expect((agent.name, agent.nickname, agent.role) == ("backend", "Ruth", "worker"))
                #expect((agent.state, agent.tasksCompleted, agent.turnsCompleted) == (.idle, 3, 5))
                let task = try #require(try await place.town.store.task(TaskID(Self.task)!))
                #expect((task.state, task.assignedTo, task.tags) == (.running, Self.key, ["auth", "api/v1"]))
                let backlog = try await place.town.store.tasks(.backlog, page: Page())
                #expect(backlog.map(\.description) == ["Later"])
                #expect(
                    try await place.town.store.taskCounts()
                        == TaskCounts(byState: [.running: 1, .pending: 1], backlog: 1))
                let fields = try #require(try await place.redis("HGETALL", place.key("agent:\(Self.ada)")).fields)
                for at in stride(from: 0, to: Self.agent.count, by: 2) {
                    #expect(fields[Self.agent[at]]?.text == Self.agent[at + 1])
                }
                try await place.town.move(backlog[0].id, .assign(Self.key))
                #expect(try await place.redis("LLEN", place.key("backlog")).integer == 0)
                #expect(try await place.redis("HGET", place.key("task:\(Self.id(9))"), "state").text == "assigned")
            })
    }

    @Test(arguments: ServerProgram.all)
    func `what plain programs push is served, in order, byte for byte`(_ program: ServerProgram) async throws {
        try await run(program) { place in
            let bodies = [
                Self.message("task", #""description":"Bau das \u00e4 / \"x\"","#, id: Self.id(1)),
                Self.message("confirmation", #""ack_type":{"type":"rejected","reason":"no tests"},"#, id: Self.id(2)),
                Self.message("status_response", #""state":"busy","current_task":null,"#, id: Self.id(3)),
                Self.message("custom", #""kind":"k","payload":"{}","#, id: Self.id(4)),
            ]
            #expect(try await place.town.store.pulse().map(\.hasWork) == [false])
            for body in bodies { _ = try await place.redis("RPUSH", place.key("inbox:\(Self.ada)"), body) }
            let urgent = [5, 6].map { Self.message("query", #""question":"?","#, id: Self.id($0)) }
            for body in urgent { _ = try await place.redis("LPUSH", place.key("urgent:\(Self.ada)"), body) }
            #expect(try await place.town.store.pulse().map(\.hasWork) == [true])
            #expect(try await place.town.store.queueCounts() == QueueCounts(waiting: 6))
            // What waits stays where Tinytown's readers look for it.
            #expect(
                try await place.redis("LRANGE", place.key("inbox:\(Self.ada)"), "0", "-1").array?.map(\.text) == bodies)
            let lease = try #require(try await place.town.lease(Self.key))
            #expect(lease.deliveries.map(\.message.id.description) == [5, 6, 1, 2, 3, 4].map(Self.id))
            #expect(lease.deliveries[2].message.body == .task(description: "Bau das ä / \"x\""))
            #expect(lease.deliveries[3].message.body == .confirmation(.rejected(reason: "no tests")))
            #expect(try await place.redis("LLEN", place.key("inbox:\(Self.ada)")).integer == 0)
            try await place.town.store.release(lease.token, cause: .drained, now: place.town.start)
            #expect(
                try await place.redis("LRANGE", place.key("inbox:\(Self.ada)"), "0", "-1").array?.map(\.text) == bodies)
            #expect(
                try await place.redis("LRANGE", place.key("urgent:\(Self.ada)"), "0", "-1").array?.map(\.text)
                    == urgent.reversed())
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W13 what cannot be read becomes a dead letter, keeps its bytes and stops nothing`(_ program: ServerProgram)
        async throws
    {
        try await run(program) { place in
            let broken = [
                "not json", #"{"id":"x"}"#, Self.message("teleport", #""to":"mars","#, id: Self.id(1)),
                Self.message("task", "", id: Self.id(2)), "[1,2]", "",
            ]
            for body in broken { _ = try await place.redis("RPUSH", place.key("inbox:\(Self.ada)"), body) }
            _ = try await place.redis(
                "RPUSH", place.key("inbox:\(Self.ada)"), Self.message("ping", "", id: Self.id(3)))
            let lease = try #require(try await place.town.lease(Self.key))
            #expect(lease.deliveries.map(\.message.body) == [.ping])
            let dead = try await place.town.store.deadLetters(page: Page())
            #expect(dead.count == broken.count)
            let bytes = dead.map { letter in
                if case .custom("unreadable", let payload) = letter.message.body { payload } else { "?" }
            }
            #expect(Set(bytes) == Set(broken))
            #expect(dead.allSatisfy { $0.lastError != nil && $0.message.to == Self.key })
            #expect(try await place.town.events(.messageDead).count == broken.count)
            _ = try await place.town.store.commit(place.town.finished(lease))
            try await place.town.store.retryDead(dead[0].message.id, to: nil, now: place.town.start)
            #expect(try await place.town.lease(Self.key)?.deliveries.map(\.message.body) == [dead[0].message.body])
            #expect(try await place.town.store.queueCounts().dead == broken.count - 1)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `a push of a plain program wakes a follower, and one that takes messages away leaves true counts`(
        _ program: ServerProgram
    ) async throws {
        try await run(program) { place in
            let changes = try await place.town.store.changes()
            var iterator = changes.makeAsyncIterator()
            #expect(await iterator.next() != nil, "it listens")
            _ = try await place.redis("RPUSH", place.key("inbox:\(Self.ada)"), Self.message("ping", "", id: Self.id(1)))
            #expect(await iterator.next() != nil, "it was told")
            for number in 2...4 { try await place.town.send(Self.key, "\(number)") }
            #expect(try await place.town.store.queueCounts().waiting == 4)
            for _ in 0..<4 { _ = try await place.redis("LPOP", place.key("inbox:\(Self.ada)")) }
            #expect(try await place.town.store.pulse().map(\.hasWork) == [false])
            #expect(try await place.town.store.queueCounts() == QueueCounts())
            #expect(try await place.town.lease(Self.key) == nil)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W14 a message that another program moves, or pushes twice, is in one place and worked on once`(
        _ program: ServerProgram
    ) async throws {
        try await run(program) { place in
            let (town, bob) = (place.town, try await place.town.spawn("bob"))
            let moved = try await town.send(Self.key, "moved")
            _ = try await place.redis("RPOPLPUSH", place.key("inbox:\(Self.ada)"), place.key("inbox:\(bob)"))
            let twice = Self.message("task", #""description":"twice","#, id: Self.id(1))
            for _ in 0..<2 { _ = try await place.redis("RPUSH", place.key("inbox:\(bob)"), twice) }
            #expect(try await town.store.pulse().map(\.hasWork) == [false, true])
            #expect(try await town.store.queueCounts() == QueueCounts(waiting: 2))
            let lease = try #require(try await town.lease(bob))
            #expect(lease.deliveries.map(\.message.id) == [moved, MessageID(Self.id(1))!])
            #expect(lease.deliveries.allSatisfy { $0.message.to == bob })
            _ = try await town.store.commit(town.finished(lease))
            _ = try await place.redis("RPUSH", place.key("inbox:\(bob)"), twice)
            #expect(try await town.lease(bob) == nil, "it is done already")
            #expect(try await town.store.queueCounts() == QueueCounts())
        }
    }

    @Test(arguments: ServerProgram.all)
    func `a long queue with foreign mail at its end keeps its order, and every message is worked on once`(
        _ program: ServerProgram
    ) async throws {
        try await run(program) { place in
            let town = place.town
            var sent: [MessageID] = []
            for _ in 0..<12 {
                let messages = (0..<100).map { town.message(Self.key, "\($0)") }
                sent += try await town.store.send(messages, limits: SendLimits()).map(\.id)
            }
            let foreign = (1...3).map { Self.id($0) }
            for id in foreign {
                _ = try await place.redis("RPUSH", place.key("inbox:\(Self.ada)"), Self.message("ping", "", id: id))
            }
            _ = try await place.redis("RPUSH", place.key("inbox:\(Self.ada)"), "junk")
            sent += try await town.store.send([town.message(Self.key)], limits: SendLimits()).map(\.id)
            var worked: [MessageID] = []
            while let lease = try await town.lease(Self.key, max: 97) {
                worked += lease.deliveries.map(\.message.id)
                _ = try await town.store.commit(town.finished(lease))
            }
            #expect(worked == sent.dropLast() + foreign.map { MessageID($0)! } + sent.suffix(1))
            #expect(try await town.store.queueCounts() == QueueCounts(dead: 1))
        }
    }

    @Test(arguments: ServerProgram.all)
    func `Tinytown's readers find our records in their form`(_ program: ServerProgram) async throws {
        try await run(program) { place in
            let (town, ada) = (place.town, Self.key)
            var message = town.message(ada, "a/b")
            message.id = MessageID(Self.id(7))!
            message.createdAt = Timestamp(microseconds: 1_773_086_594_667_655)
            _ = try await town.store.send([message], limits: SendLimits())
            #expect(
                try await place.redis("LINDEX", place.key("inbox:\(Self.ada)"), "0").text
                    == Self.message("task", #""description":"a/b","#, id: Self.id(7)))
            let task = try await town.task("Fix login", for: ada)
            let fields = try #require(try await place.redis("HGETALL", place.key("task:\(task)")).fields)
            #expect(fields["state"]?.text == "assigned" && fields["assigned_to"]?.text == Self.ada)
            #expect(fields["tags"]?.text == "[]" && fields["result"] == nil)
            #expect(fields["created_at"]?.text == "2023-11-14T22:13:20.000000+00:00")
            try await town.store.change(ada, .interrupt(reason: nil), now: town.start)
            let entry = try await place.redis("XREVRANGE", place.key("events"), "+", "-", "COUNT", "1")
            let data = entry.array?.first?.array?.last?.array?.map { $0.text ?? "" }
            #expect(
                data == [
                    "event_type", "agent_interrupted", "data",
                    #"{"event_type":"agent_interrupted","agent_id":"\#(Self.ada)","old_state":"Idle","#
                        + #""new_state":"Paused","message":"backend was paused","#
                        + #""timestamp":"2023-11-14T22:13:20.000000Z"}"#,
                ])
            #expect(try await place.redis("XLEN", place.key("events:agent:\(Self.ada)")).integer != 0)
            try await town.store.change(ada, .stop(.afterTurn), now: town.start)
            #expect(try await place.redis("EXISTS", place.key("stop:\(Self.ada)")).integer == 1)
            #expect((try await place.redis("TTL", place.key("stop:\(Self.ada)")).integer ?? 0) > 3500)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `a stop flag of another program is heeded`(_ program: ServerProgram) async throws {
        try await run(program) { place in
            _ = try await place.redis("SETEX", place.key("stop:\(Self.ada)"), "3600", "1")
            #expect(try await place.town.store.pulse().isEmpty)
            #expect(try await place.town.agent(Self.key).state == .stopped)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W31 a town's name cannot reach into another town's keys`(_ program: ServerProgram) async throws {
        let server = try await Servers.shared.server(program)
        for name in ["", "a:b", "*", "a?", "[a]", "a\\b"] {
            #expect(
                await code { _ = try await RedisStore.open(server.client(), town: name, time: StillTime()) }
                    == .illegalMove)
        }
    }
}
