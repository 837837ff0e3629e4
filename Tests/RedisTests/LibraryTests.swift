import Redis
import RedisServers
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct LibraryTests {
    private static func library(_ answer: String = "function", family: String = "shelf") -> RedisLibrary {
        RedisLibrary(
            family: family,
            body: "local function serve(keys, a) return {'\(answer)', keys[1], a[1], redis.call('INCR', keys[1])} end",
            entry: "serve")
    }

    private static let script = RedisScript(
        "if ARGV[1] == 'read' then return {'script'} end return {'script', KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}"
    )

    private func call(_ client: RedisClient, _ library: RedisLibrary = library(), _ word: String = "write") async throws
        -> [String]
    {
        let reply = try await client.call(library, otherwise: Self.script, keys: ["{k}"], arguments: [word])
        return (reply.array ?? []).compactMap(\.text)
    }

    @Test(arguments: ServerProgram.all)
    func `a function is loaded when it is missing, and again after the server has lost it`(_ program: ServerProgram)
        async throws
    {
        let server = try await PrivateServer(program)
        let client = server.client()
        #expect(try await call(client) == ["function", "{k}", "write", "1"])
        #expect(try await call(client) == ["function", "{k}", "write", "2"])
        try await client.send(["FUNCTION", "FLUSH"])
        #expect(try await call(client) == ["function", "{k}", "write", "3"])
        // Without anything on disk, a new server has neither functions nor data.
        await server.kill()
        try await server.start()
        try await client.send(RedisCommand("PING").repeatable)
        #expect(try await call(client) == ["function", "{k}", "write", "1"])
        client.close()
    }

    @Test(arguments: ServerProgram.all)
    func `many calls at once share one load, and each is carried out once`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program)
        let client = server.client()
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { Int(try await call(client).last ?? "") ?? 0 } }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(counts == Set(1...50))
        let stats = try #require(try await client.send(["INFO", "commandstats"]).text)
        #expect(stats.contains("cmdstat_function|load:calls=1,"))
        client.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a user without the right to functions, or a server without them, is served by the script`(
        _ program: ServerProgram
    ) async throws {
        let server = try await PrivateServer(program)
        let admin = server.client()
        let names = ["ann": "-function -fcall", "bob": "-function"]
        for (name, rights) in names {
            try await admin.send(
                RedisCommand(
                    "ACL",
                    arguments: ["SETUSER", name, "on", ">pass", "~*", "&*", "+@all"]
                        + rights.split(separator: " ").map(String.init)))
            let client = RedisClient(try RedisEndpoint(url: "unix://\(name):pass@\(server.socket)"))
            for _ in 0..<2 { #expect(try await call(client).first == "script", "\(name)") }
            client.close()
        }
        #expect(try await admin.send(["GET", "{k}"]).integer == 4)
        admin.close()
        let renamed = try await PrivateServer(.system, arguments: ["--rename-command", "FCALL", ""])
        let client = renamed.client()
        for count in 1...2 { #expect(try await call(client) == ["script", "{k}", "write", "\(count)"]) }
        client.close()
    }

    @Test(arguments: ServerProgram.all)
    func `where the server takes no writes, a script still reads and the refusal is the server's own`(
        _ program: ServerProgram
    ) async throws {
        let server = try await PrivateServer(program)
        let client = server.client()
        _ = try await call(client)
        try await client.send(["CONFIG", "SET", "maxmemory", "1"])
        #expect(try await call(client, Self.library(), "read") == ["script"])
        let full = await #expect(throws: RedisError.self) { _ = try await call(client) }
        #expect(full?.code == .outOfMemory)
        try await client.send(["CONFIG", "SET", "maxmemory", "0"])
        #expect(try await call(client).first == "function", "it is asked again")
        // A master that does not exist: a replica all the same.
        try await client.send(["REPLICAOF", "127.0.0.1", "1"])
        #expect(try await call(client, Self.library(), "read") == ["script"])
        let refused = await #expect(throws: RedisError.self) { _ = try await call(client) }
        #expect(refused?.code == .readOnlyReplica)
        client.close()
    }

    @Test func `versions live side by side, the oldest go when there are very many, and others' libraries stay`()
        async throws
    {
        let server = try await PrivateServer()
        let client = server.client()
        func names() async throws -> [String] {
            let list = try await client.send(["FUNCTION", "LIST"]).array ?? []
            return list.compactMap { $0.fields?["library_name"]?.text }
        }
        _ = try await call(client, Self.library("theirs", family: "another"))
        let versions = (0..<12).map { Self.library("version\($0)") }
        for (index, version) in versions.enumerated() {
            #expect(try await call(client, version).first == "version\(index)")
            #expect(try await names().filter { $0.hasPrefix("shelf_") }.count <= 8)
        }
        #expect(try await names().contains { $0.hasPrefix("another_") })
        for index in [0, 11, 0] { #expect(try await call(client, versions[index]).first == "version\(index)") }
        client.close()
    }

    @Test func `an error that a function raises has its own words`() async throws {
        let server = try await PrivateServer()
        let client = server.client()
        let library = RedisLibrary(
            family: "raising", body: "local function serve() return redis.error_reply('MYCODE with words') end",
            entry: "serve")
        let error = await #expect(throws: RedisError.self) { _ = try await call(client, library) }
        #expect(error?.reply?.hasPrefix("MYCODE ") == true)
        client.close()
    }
}
