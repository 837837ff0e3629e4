import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import Testing

/// Towns in the forms that Tinytown gave up: keys without a town's name, and records as JSON texts. Each test has a server
/// of its own, because old keys belong to the whole server.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct ForeignMigration {
    private static let ada = "11111111-2222-4333-8444-555555555555"
    private static let bob = "21111111-2222-4333-8444-555555555555"
    private static let task = "99999999-8888-4777-8666-555555555555"
    private static let second = "89999999-8888-4777-8666-555555555555"

    private final class Place: Sendable {
        let server: PrivateServer
        let client: RedisClient
        let name: String

        init(_ program: ServerProgram, name: String = "shop") async throws {
            server = try await PrivateServer(program)
            client = server.client()
            self.name = name
        }

        @discardableResult
        func redis(_ words: String...) async throws -> RedisValue {
            try await client.send(RedisCommand(words[0], arguments: Array(words.dropFirst())))
        }

        func open() async throws -> RedisStore {
            try await RedisStore.open(server.client(), town: name, time: StillTime())
        }

        /// Opens the town for as long as `body` takes.
        func with<Result>(_ body: (RedisStore) async throws -> Result) async throws -> Result {
            let store = try await open()
            do {
                let result = try await body(store)
                await store.close()
                return result
            } catch {
                await store.close()
                throw error
            }
        }

        func list(_ key: String) async throws -> [String] {
            try await redis("LRANGE", key, "0", "-1").array?.map { $0.text ?? "" } ?? []
        }

        /// Everything on the server, each key as the server itself writes it down, and when it ends.
        func dump() async throws -> [String: String] {
            var all: [String: String] = [:]
            for key in try await redis("KEYS", "*").array ?? [] {
                guard let key = key.text else { continue }
                let bytes = try await redis("DUMP", key).bytes ?? []
                let ends = try await redis("EXPIRETIME", key).text ?? ""
                all[key] = "\(bytes) \(ends)"
            }
            return all
        }

        func bringAll(_ store: RedisStore, _ form: OldForm = .sharedKeys) async throws -> [OldRecordFate] {
            var fates: [OldRecordFate] = []
            for record in try await store.oldRecords(form).records {
                fates.append(try await store.bring(record, now: StillTime().now()))
            }
            return fates
        }
    }

    private static func agent(_ id: String, _ name: String) -> [String] {
        [
            "id", id, "name", name, "agent_type", "worker", "state", "idle", "cli", "claude", "created_at",
            "2026-01-20T18:22:15.123456789+00:00", "tasks_completed", "3", "rounds_completed", "5", "later", "kept",
        ]
    }

    private static func message(_ number: Int, to: String = ada) -> String {
        #"{"id":"aaaaaaaa-bbbb-4ccc-8ddd-\#(String(100_000_000_000 + number))","#
            + #""from":"00000000-0000-0000-0000-000000000001","to":"\#(to)","type":"task","description":"\#(number)","#
            + #""priority":"normal","created_at":"2026-03-09T20:03:14.667655Z","correlation_id":null}"#
    }

    private static func put(_ place: Place) async throws {
        try await place.client.send(RedisCommand("HSET", arguments: ["tt:agent:\(ada)"] + agent(ada, "backend")))
        for (id, text) in [(task, "Fix login"), (second, "Later")] {
            try await place.redis(
                "HSET", "tt:task:\(id)", "id", id, "description", text, "state", "pending", "created_at",
                "2026-01-20T18:22:15+00:00", "updated_at", "2026-01-20T18:22:15+00:00", "tags", "[]")
        }
        try await place.redis("HSET", "tt:task:\(task)", "state", "running", "assigned_to", ada)
        try await place.redis("RPUSH", "tt:backlog", second)
        for number in 1...3 { try await place.redis("RPUSH", "tt:inbox:\(ada)", message(number)) }
        for number in 4...5 { try await place.redis("LPUSH", "tt:urgent:\(ada)", message(number)) }
        try await place.redis("LPUSH", "tt:activity:\(ada)", "old line")
        try await place.redis("EXPIRE", "tt:activity:\(ada)", "3600")
        try await place.redis("SETEX", "tt:stop:\(bob)", "3600", "1")
        try await place.redis("RPUSH", "tt:inbox:00000000-0000-0000-0000-000000000001", message(6))
    }

    @Test(arguments: ServerProgram.all)
    func `old keys become the town's, with everything in them, and are worked on in order`(_ program: ServerProgram)
        async throws
    {
        let place = try await Place(program)
        try await Self.put(place)
        try await place.with { store in
            let found = try await store.oldRecords(.sharedKeys)
            #expect(
                found.records.map(\.from) == [
                    "tt:agent:\(Self.ada)", "tt:task:\(Self.second)", "tt:task:\(Self.task)", "tt:backlog",
                    "tt:urgent:\(Self.ada)", "tt:inbox:00000000-0000-0000-0000-000000000001", "tt:inbox:\(Self.ada)",
                    "tt:activity:\(Self.ada)", "tt:stop:\(Self.bob)",
                ])
            #expect(found.records[0].to == "tt:shop:agent:\(Self.ada)" && found.records[3].to == "tt:shop:backlog")
            #expect(found.odd.isEmpty && found.otherTowns.isEmpty)
            let fates = try await place.bringAll(store)
            #expect(fates.allSatisfy { if case .moved = $0 { true } else { false } }, "\(fates)")
            for record in found.records { #expect(try await place.redis("EXISTS", record.from).integer == 0) }
            let fields = try #require(try await place.redis("HGETALL", "tt:shop:agent:\(Self.ada)").fields)
            for pair in stride(from: 0, to: Self.agent(Self.ada, "backend").count, by: 2) {
                let agent = Self.agent(Self.ada, "backend")
                #expect(fields[agent[pair]]?.text == agent[pair + 1])
            }
            #expect((try await place.redis("TTL", "tt:shop:activity:\(Self.ada)").integer ?? 0) > 3000)
            #expect((try await place.redis("TTL", "tt:shop:stop:\(Self.bob)").integer ?? 0) > 3000)

            let town = Town(store: store)
            #expect(try await store.agents().map(\.name) == ["backend"])
            #expect(try await store.tasks(.backlog, page: Page()).map(\.description) == ["Later"])
            #expect(
                try await store.taskCounts() == TaskCounts(byState: [.running: 1, .pending: 1], backlog: 1))
            #expect(try await store.inbox(.supervisor, page: Page()).map(\.message.body.text) == ["6"])
            let lease = try #require(try await town.lease(AgentID(Self.ada)!))
            #expect(lease.deliveries.map(\.message.body.text) == ["4", "5", "1", "2", "3"])
            #expect(try await store.oldRecords(.sharedKeys).records.isEmpty)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W59: what is in the town already is not overwritten, and lists are joined with the older entries first`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        try await Self.put(place)
        let newer = Self.agent(Self.ada, "newer")
        try await place.client.send(RedisCommand("HSET", arguments: ["tt:shop:agent:\(Self.ada)"] + newer))
        try await place.redis("RPUSH", "tt:shop:inbox:\(Self.ada)", Self.message(10))
        try await place.redis("LPUSH", "tt:shop:urgent:\(Self.ada)", Self.message(11))
        try await place.redis("LPUSH", "tt:shop:activity:\(Self.ada)", "new line")
        try await place.redis("SETEX", "tt:shop:stop:\(Self.bob)", "50", "1")
        try await place.with { store in
            let old = try await place.dump()["tt:agent:\(Self.ada)"]
            let fates = try await place.bringAll(store)
            guard case .left(let reasons, moved: 0) = fates[0] else {
                Issue.record("the agent was moved: \(fates[0])")
                return
            }
            #expect(
                reasons == [
                    LeftRecord(
                        key: "tt:agent:\(Self.ada)", reason: "tt:shop:agent:\(Self.ada) is already there")
                ])
            #expect(try await place.dump()["tt:agent:\(Self.ada)"] == old)
            #expect(try await store.agents().map(\.name) == ["newer"])
            #expect(
                try await place.list("tt:shop:inbox:\(Self.ada)") == [1, 2, 3, 10].map { Self.message($0) })
            #expect(try await place.list("tt:shop:urgent:\(Self.ada)") == [11, 5, 4].map { Self.message($0) })
            #expect(try await place.list("tt:shop:activity:\(Self.ada)") == ["new line", "old line"])
            #expect(try await store.queueCounts().waiting == 8)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W59: a town that is named like a kind of record keeps its keys`(_ program: ServerProgram) async throws {
        for name in ["agent", "task", "inbox", "urgent", "activity", "stop"] {
            let own = try await Place(program, name: name)
            try await own.with { store in
                let town = Town(store: store)
                let ada = try await town.spawn("ada")
                try await town.send(ada, "hello")
                _ = try await town.task("build it")
            }
            try await own.with { store in
                let town = try await own.dump()
                let found = try await store.oldRecords(.sharedKeys)
                #expect(found == OldRecords(), "\(name)")
                #expect(try await own.dump() == town)
            }
            // Seen from another town it is a town, and no old record.
            let other = try await RedisStore.open(own.server.client(), town: "shop", time: StillTime())
            let found = try await other.oldRecords(.sharedKeys)
            await other.close()
            #expect(found.records.isEmpty && found.odd.isEmpty && found.otherTowns == [name])
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W59: looking changes nothing, and other towns' and strangers' keys are never touched`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        try await Self.put(place)
        let other = try await RedisStore.open(place.server.client(), town: "other", time: StillTime())
        let town = Town(store: other)
        try await town.send(try await town.spawn("ada"), "hello")
        await other.close()
        let strangers = [
            ["SET", "tt:agent:not-an-id", "x"], ["SET", "tt:agent:\(Self.ada):more", "x"],
            ["SET", "tt:broadcast", "x"],
            ["SADD", "app:agent:\(Self.ada)", "x"], ["SET", "tt", "x"], ["SET", "tt:", "x"], ["SET", "tt:agent:", "x"],
            ["RPUSH", "tt:task:\(Self.bob)", "a list"], ["SET", "tt:inbox:\(Self.bob)", "a text"],
            ["HSET", "tt:stop:\(Self.ada)", "a", "hash"],
        ]
        for words in strangers { try await place.client.send(RedisCommand(words[0], arguments: Array(words[1...]))) }
        let before = try await place.dump()
        let store = try await place.open()
        let found = try await store.oldRecords(.sharedKeys)
        #expect(found.otherTowns == ["other"])
        #expect(
            found.odd == [
                LeftRecord(key: "tt:inbox:\(Self.bob)", reason: "it is a string and not a list"),
                LeftRecord(key: "tt:stop:\(Self.ada)", reason: "it is a hash and not a string"),
                LeftRecord(key: "tt:task:\(Self.bob)", reason: "it is a list and not a hash or a string"),
            ])
        #expect(try await place.dump() == before, "not even opening an empty town writes anything")
        _ = try await place.bringAll(store)
        let after = try await place.dump()
        for (key, value) in before where !found.records.contains(where: { $0.from == key }) {
            #expect(after[key] == value, "\(key)")
        }
        await store.close()
    }

    @Test(arguments: ServerProgram.all)
    func `records as JSON texts become hashes with every field, and what is no record stays`(_ program: ServerProgram)
        async throws
    {
        let place = try await Place(program)
        let agent =
            #"{"id":"\#(Self.ada)","name":"backend","nickname":"Ruth","role_id":"worker","parent_agent_id":null,"#
            + #""spawn_mode":"fresh","agent_type":"worker","state":"idle","cli":"claude","current_task":"\#(Self.task)","#
            + #""created_at":"2026-04-20T18:22:15.123456789Z","last_heartbeat":"2026-04-20T18:22:15Z","#
            + #""tasks_completed":3,"rounds_completed":5,"last_active_at":"2026-04-20T18:22:16Z"}"#
        let task =
            #"{"id":"\#(Self.task)","description":"Fix \"login\" / ä","state":"completed","assigned_to":"\#(Self.ada)","#
            + #""created_at":"2026-04-20T18:22:15Z","updated_at":"2026-04-20T18:22:15+02:00","started_at":null,"#
            + #""completed_at":"2026-04-20T18:22:15.5Z","result":"done","parent_id":null,"tags":["auth","api/v1"]}"#
        let old = #"{"id":"\#(Self.bob)","name":"old","state":"stopped","cli":"c","current_task":null}"#
        let prefix = "tt:shop:"
        try await place.redis("SET", "\(prefix)agent:\(Self.ada)", agent)
        try await place.redis("SET", "\(prefix)task:\(Self.task)", task)
        try await place.redis("SET", "\(prefix)task:\(Self.second)", "no json")
        try await place.redis("SET", "\(prefix)task:\(Self.ada)", #"{"id":"\#(Self.bob)","description":"x"}"#)
        try await place.redis("SET", "\(prefix)task:\(Self.bob)", #"{"id":"\#(Self.bob)"}"#)
        try await place.redis("SET", "tt:agent:\(Self.bob)", old)
        try await place.redis("RPUSH", "\(prefix)inbox:\(Self.ada)", Self.message(1))
        try await place.with { store in
            do {
                _ = try await store.agent(AgentID(Self.ada)!)
                Issue.record("a text was read as an agent")
            } catch let error as StoreError {
                #expect(error.code == .corrupt && error.message.contains("tt migrate --hash"), "\(error)")
            }
            let fates = try await place.bringAll(store, .jsonRecords)
            let left = fates.flatMap { fate in if case .left(let left, _) = fate { left } else { [LeftRecord]() } }
            #expect(
                Dictionary(uniqueKeysWithValues: left.map { ($0.key, $0.reason) }) == [
                    "\(prefix)task:\(Self.second)": "it is no JSON object",
                    "\(prefix)task:\(Self.ada)": "its id is \(Self.bob) and its key says \(Self.ada)",
                    "\(prefix)task:\(Self.bob)": "its description is missing",
                ])
            #expect(try await place.redis("GET", "\(prefix)task:\(Self.second)").text == "no json")
            let fields = try #require(try await place.redis("HGETALL", "\(prefix)agent:\(Self.ada)").fields)
            let expected = [
                "id": Self.ada, "name": "backend", "nickname": "Ruth", "role_id": "worker", "spawn_mode": "fresh",
                "agent_type": "worker", "state": "idle", "cli": "claude", "current_task": Self.task,
                "created_at": "2026-04-20T18:22:15.123456789+00:00", "last_heartbeat": "2026-04-20T18:22:15+00:00",
                "tasks_completed": "3", "rounds_completed": "5", "last_active_at": "2026-04-20T18:22:16+00:00",
            ]
            for (name, value) in expected { #expect(fields[name]?.text == value, "\(name)") }
            #expect(fields["parent_agent_id"] == nil, "what is null has no field")
            let tags = try await place.redis("HGET", "\(prefix)task:\(Self.task)", "tags").text
            #expect(tags == #"["auth","api/v1"]"#)
            // The JSON from before names of towns becomes a hash on its way.
            _ = try await place.bringAll(store)
            #expect(try await store.agents().map(\.name) == ["backend", "old"])
            let found = try #require(try await store.task(TaskID(Self.task)!))
            #expect((found.state, found.description) == (.completed, "Fix \"login\" / ä"))
            #expect(try await store.taskCounts().byState == [.completed: 1])
            #expect(try await place.redis("EXISTS", "tt:agent:\(Self.bob)").integer == 0)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W59: programs that push under old and new keys meanwhile lose nothing, and two migrations at once do no harm`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        try await Self.put(place)
        let (old, new) = ("tt:inbox:\(Self.ada)", "tt:shop:inbox:\(Self.ada)")
        for number in 100..<2100 { try await place.redis("RPUSH", old, Self.message(number)) }
        try await place.redis("RPUSH", new, Self.message(7))
        let first = try await place.open()
        let second = try await place.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (offset, key) in [(10_000, old), (20_000, new)] {
                group.addTask {
                    let client = place.server.client()
                    for number in 0..<200 {
                        try await client.send(
                            RedisCommand("RPUSH", arguments: [key, Self.message(offset + number)]))
                    }
                    client.close()
                }
            }
            for store in [first, second] { group.addTask { _ = try await place.bringAll(store) } }
            try await group.waitForAll()
        }
        // What was pushed under the old key after it was moved is found by the next run.
        _ = try await place.bringAll(first)
        #expect(try await place.redis("EXISTS", old).integer == 0)
        let expected = [1, 2, 3, 7] + Array(100..<2100) + Array(10_000..<10_200) + Array(20_000..<20_200)
        #expect(Set(try await place.list(new)) == Set(expected.map { Self.message($0) }))
        #expect(try await place.redis("LLEN", new).integer == Int64(expected.count))
        let town = Town(store: first)
        var worked: [String] = []
        while let lease = try await town.lease(AgentID(Self.ada)!) {
            worked += lease.deliveries.map(\.message.body.text)
            _ = try await first.commit(town.finished(lease))
        }
        #expect(worked.count == expected.count + 2 && Set(worked).count == worked.count)
        await first.close()
        await second.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a backlog that lists tasks which are not there keeps them, and the others are in it once`(
        _ program: ServerProgram
    ) async throws {
        let place = try await Place(program)
        try await Self.put(place)
        try await place.redis("DEL", "tt:backlog")
        try await place.redis("RPUSH", "tt:backlog", Self.bob, Self.second, "junk", Self.second)
        try await place.with { store in
            let fates = try await place.bringAll(store)
            guard case .left(let left, let moved) = fates[3] else {
                Issue.record("nothing is left: \(fates)")
                return
            }
            #expect(left.map(\.key) == ["tt:backlog", "tt:backlog"] && moved == 2)
            #expect(try await place.list("tt:backlog") == [Self.bob, "junk"])
            #expect(try await place.list("tt:shop:backlog") == [Self.second])
            #expect(try await store.taskCounts().backlog == 1)
        }
    }
}
