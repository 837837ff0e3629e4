import Concurrency
import Configuration
import Files
import Processes
import Redis
import RedisServers
import Servers
import TestOrder
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ManagedServerTests {
    /// A scratch folder with a user's folder, whose server program is `program`; servers end with it.
    private final class Place: Sendable {
        let folder: ScratchFolder
        var home: String { folder.path("home") }
        var town: String { folder.path("town") }

        init(_ program: RedisServers.ServerProgram? = .any) throws {
            folder = try ScratchFolder(prefix: "tt-redis")
            try Files.makeFolder(folder.path("home/bin"))
            try Files.makeFolder(folder.path("town/.tt"))
            guard let program else { return }
            let name = program.name.hasPrefix("valkey") ? "valkey-server" : "redis-server"
            try folder.write("#!/bin/sh\nexec \(program.path) \"$@\"\n", to: "home/bin/\(name)", mode: 0o700)
        }

        func server(_ change: (inout ManagedServer.Settings) -> Void = { _ in }) -> ManagedServer {
            var settings = ManagedServer.Settings(
                folder: town + "/.tt/redis", listensOn: .socket(town + "/.tt/redis.sock"),
                environment: ["PATH": "/usr/bin:/bin"], home: home)
            change(&settings)
            return ManagedServer(settings)
        }

        func process(_ server: ManagedServer) throws -> ProcessIdentity {
            let text = try #require(try Files.text(server.settings.folder + "/process"))
            return try #require(ProcessIdentity(text))
        }
    }

    private func withServer(_ server: ManagedServer, _ body: (ManagedServer) async throws -> Void) async throws {
        do { try await body(server) } catch {
            _ = try? await server.stop()
            throw error
        }
        try await server.stop()
    }

    @Test(arguments: RedisServers.ServerProgram.all)
    func `many that want a server at once start one, which stays and appends to a file in its folder`(
        _ program: RedisServers.ServerProgram
    ) async throws {
        let place = try Place(program)
        try await withServer(place.server()) { server in
            let runs = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let client = try await place.server().client()
                        defer { client.close() }
                        let info = try await client.send(["INFO", "server"]).text ?? ""
                        return info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id") }.map(String.init)
                            ?? ""
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(runs.count == 1)
            let client = try #require(try await server.running())
            let settings = try #require(try await client.send(["CONFIG", "GET", "append*"]).fields)
            #expect(settings["appendonly"]?.text == "yes")
            #expect(settings["appendfsync"]?.text == "everysec")
            #expect(try await client.send(["CONFIG", "GET", "dir"]).fields?["dir"]?.text == server.settings.folder)
            #expect(Files.mode(server.settings.folder) == 0o700)
            #expect(Files.names(in: place.town) == [".tt"], "nothing lies beside the sources")
        }
        #expect(try await place.server().running() == nil)
    }

    @Test func `W35, W36: a generated password is in files of mode 0600 only, and in no list of processes`()
        async throws
    {
        let place = try Place()
        let port = try FreePort.next()
        let server = place.server {
            $0.listensOn = .port(host: "127.0.0.1", port: port, bind: "127.0.0.1")
            $0.needsPassword = true
            // A mark by which a turn finds what it left behind must not be on what outlives it.
            $0.environment["TT_MARK"] = "secret"
        }
        try await withServer(server) { server in
            let client = try await server.client()
            let password = try #require(server.endpoint.password)
            #expect(password.hasPrefix("tt_") && password.utf8.count == 35)
            #expect(Files.mode(server.settings.folder + "/password") == 0o600)
            #expect(Files.mode(server.settings.folder + "/redis.conf") == 0o600)
            let process = try place.process(server)
            let arguments = try #require(try Files.bytes("/proc/\(process.pid)/cmdline"))
            #expect(!String(decoding: arguments, as: UTF8.self).contains(password))
            let environment = try #require(try Files.bytes("/proc/\(process.pid)/environ"))
            #expect(!String(decoding: environment, as: UTF8.self).contains("secret"))
            #expect(try await client.send(["PING"]).text == "PONG")
            let stranger = RedisClient(RedisEndpoint(.tcp(host: "127.0.0.1", port: port)))
            let error = await #expect(throws: RedisError.self) { try await stranger.connect() }
            #expect(error?.code == .noPassword)
        }
        let other = try Place()
        let second = other.server { $0.needsPassword = true }
        try await withServer(second) { second in
            _ = try await second.client()
            #expect(second.endpoint.password != server.endpoint.password)
        }
    }

    @Test(arguments: RedisServers.ServerProgram.all)
    func `a killed server is started again with what it had acknowledged, whatever it left behind`(
        _ program: RedisServers.ServerProgram
    ) async throws {
        let place = try Place(program)
        let odd = "p \"w'\\ü#"
        let server = place.server {
            $0.synchronous = true
            $0.passwords = [odd]
        }
        try await withServer(server) { server in
            let first = try await server.client()
            try await first.send(["SET", "kept", "yes"])
            let process = try place.process(server)
            process.send(.kill)
            while process.isAlive { await Task.yield() }
            let second = try await server.client()
            #expect(try await second.send(["GET", "kept"]).text == "yes")
            #expect(try place.process(server) != process)
        }
    }

    @Test(arguments: RedisServers.ServerProgram.all)
    func `W2: the snapshot of a server that Tinytown ran is read, and everything is appended from then on`(
        _ program: RedisServers.ServerProgram
    ) async throws {
        let place = try Place(program)
        let old = try await PrivateServer(program)
        let client = old.client()
        try await client.send(["SET", "tt:t:old", "data"])
        try await client.send(["SAVE"])
        try await client.send(["CONFIG", "SET", "save", ""])
        await old.kill()
        let server = place.server { $0.legacySnapshot = old.folder.path("dump.rdb") }
        try await withServer(server) { server in
            let first = try await server.client()
            #expect(try await first.send(["GET", "tt:t:old"]).text == "data")
            #expect(try await first.send(["CONFIG", "GET", "appendonly"]).fields?["appendonly"]?.text == "yes")
            try await first.send(["SET", "tt:t:new", "more"])
            try await server.stop()
            let second = try await server.client()
            #expect(try await second.send(["MGET", "tt:t:old", "tt:t:new"]).array?.map(\.text) == ["data", "more"])
        }
    }

    @Test func `without a server program it is said how to get one, and one that is too old is refused`() async throws {
        let place = try Place(nil)
        let server = place.server { $0.environment["PATH"] = place.folder.path("empty") }
        let missing = await #expect(throws: ServerError.self) { try await server.client() }
        #expect(missing?.code == .notInstalled)
        #expect(missing?.hint.contains("apt install redis-server") == true)
        try place.folder.write(
            "#!/bin/sh\necho 'Redis server v=6.2.7 sha=0'\n", to: "home/bin/redis-server", mode: 0o700)
        let old = await #expect(throws: ServerError.self) { try await server.client() }
        #expect(old?.code == .tooOld)
        #expect(old?.message.contains("Redis 6.2.7") == true)
        let end = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'Valkey server v=8.0.0' || { echo 'no room'; exit 1; }\n"
        try place.folder.write(end, to: "home/bin/redis-server", mode: 0o700)
        let failed = await #expect(throws: ServerError.self) { try await server.client() }
        #expect(failed?.code == .failed)
        #expect(failed?.message.contains("no room") == true)
    }

    @Test func `a plan starts its server, checks its version, and never starts what somebody else runs`() async throws {
        let place = try Place()
        let plan = try ServerChoice(.init(), root: place.town, home: place.home, environment: ["PATH": "/usr/bin:/bin"])
        let server = try #require(plan.server)
        try await withServer(server) { _ in
            let client = try await plan.connect()
            #expect(try await client.checkVersion().isSupported)
        }
        let external = try ServerChoice(
            .init(), root: place.town, home: place.home,
            environment: ["REDIS_URL": "unix://\(place.town)/.tt/redis.sock", "PATH": "/usr/bin:/bin"])
        let error = await #expect(throws: RedisError.self) { try await external.connect() }
        #expect(error?.code == .unavailable)
    }
}
