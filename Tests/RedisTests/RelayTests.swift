import Concurrency
import Processes
import RedisServers
import TestOrder
import TestSupport
import Testing

@testable import Redis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct RelayTests {
    private func relay(_ folder: ScratchFolder, _ endpoint: RedisEndpoint, limit: Int = 128, each: Int = 64) throws
        -> RedisRelay
    {
        try RedisRelay(path: folder.path("relay.sock"), to: endpoint, limit: limit, sessionLimit: each)
    }

    private func asking(_ relay: RedisRelay) -> RedisClient {
        RedisClient(RedisEndpoint(.unix(path: relay.path)), options: .patient)
    }

    @Test(arguments: ServerProgram.all)
    func `clients without the password use the server through a relay, with large values and channels`(
        _ program: ServerProgram
    ) async throws {
        let server = try await PrivateServer(program, arguments: ["--requirepass", "secret"])
        var endpoint = server.endpoint
        (endpoint.password, endpoint.database) = ("secret", 2)
        let relay = try relay(server.folder, endpoint)
        defer { relay.close() }
        var status = stat()
        #expect(stat(relay.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let client = asking(relay)
        let large = [UInt8](repeating: 7, count: 3 << 20)
        let script = RedisScript("return {redis.call('set', KEYS[1], ARGV[1]), redis.call('get', KEYS[1])}")
        let reply = try await client.run(script, keys: ["a"], arguments: [large])
        #expect(reply.array?.last?.bytes == large)
        let direct = RedisClient(endpoint)
        #expect(try await direct.send(["GET", "a"]).bytes == large, "in the relay's database")
        // Many at once on one connection.
        let texts = try await client.pipeline(Array(repeating: ["GET", "a"], count: 20))
        #expect(texts.allSatisfy { $0.bytes == large })

        let heard = OneShot<String>()
        let listening = OneShot<Void>()
        let subscriber = RedisSubscriber(client.endpoint, channels: ["news"], options: .patient) { events in
            for event in events {
                if event == .listening { listening.set() }
                if case .message(_, let payload) = event { heard.set(String(decoding: payload, as: UTF8.self)) }
            }
        }
        try await listening.wait()
        try await direct.send(["PUBLISH", "news", "hello"])
        #expect(try await heard.wait() == "hello")
        subscriber.close()
        client.close()
        direct.close()
    }

    @Test func `what tells or changes how the server is set up is refused, and ends the connection`() async throws {
        let server = try await PrivateServer(arguments: ["--requirepass", "secret"])
        var endpoint = server.endpoint
        endpoint.password = "secret"
        let relay = try relay(server.folder, endpoint)
        defer { relay.close() }
        let commands: [RedisCommand] = [
            ["CONFIG", "GET", "requirepass"], ["config", "get", "*"], ["CONFIG", "SET", "requirepass", ""],
            ["CONFIG", "GET", "notify-keyspace-events", "requirepass"], ["ACL", "LIST"], ["AUTH", "x"],
            ["HELLO", "3", "AUTH", "default", "x"], ["SHUTDOWN", "NOSAVE"], ["FLUSHALL"], ["DEBUG", "SLEEP", "0"],
            ["MONITOR"], ["CLIENT", "LIST"], ["SELECT", "1"], ["REPLICAOF", "evil.test", "6379"],
            ["MIGRATE", "evil.test", "1", "a", "0", "1"], ["SET", "a", "1"], ["FUNCTION", "FLUSH"],
            ["CONFIG", "SET", "notify-keyspace-events", "El", "requirepass", "mine"],
        ]
        for command in commands {
            let client = asking(relay)
            let error = await #expect(throws: RedisError.self) { try await client.send(command) }
            #expect(error?.code == .notPermitted, "\(command): \(error?.message ?? "")")
            #expect(error?.message.contains("secret") == false)
            client.close()
        }
        // The server itself refuses what scripts must not do.
        let client = asking(relay)
        let script = RedisScript("return redis.call('config', 'get', 'requirepass')")
        let error = await #expect(throws: RedisError.self) { try await client.run(script, keys: []) }
        #expect(error != nil && error?.message.contains("secret") == false)
        let direct = RedisClient(endpoint)
        #expect(try await direct.send(["PING"]).text == "PONG")
        direct.close()
        client.close()
    }

    @Test func `more clients than the limit wait for their turn, and a closed relay serves nobody`() async throws {
        let server = try await PrivateServer()
        let relay = try relay(server.folder, server.endpoint, limit: 2)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    let client = asking(relay)
                    let reply = try await client.send(["PING"])
                    #expect(reply.text == "PONG")
                    client.close()
                }
            }
            try await group.waitForAll()
        }
        let client = asking(relay)
        try await client.send(["PING"])
        relay.close()
        #expect(access(relay.path, F_OK) != 0)
        let error = await #expect(throws: RedisError.self) { try await client.send(["PING"], timeout: .seconds(1)) }
        #expect(error != nil)
    }

    @Test func `one session of processes cannot take all connections`() async throws {
        let server = try await PrivateServer()
        let relay = try relay(server.folder, server.endpoint, each: 3)
        defer { relay.close() }
        let clients = (0..<3).map { _ in asking(relay) }
        for client in clients { try await client.send(["PING"]) }
        let refused = asking(relay)
        let error = await #expect(throws: RedisError.self) { try await refused.connect() }
        #expect(error?.message.contains("3 connections") == true, "\(error?.message ?? "")")
        let script =
            "import socket, sys\ns = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
            + "s.sendall(b'*1\\r\\n$4\\r\\nPING\\r\\n'); print(s.recv(99).decode())"
        let other = try await ChildProcess.run(
            Launch("setsid", ["-w", "python3", "-c", script, relay.path], environment: ["PATH": "/usr/bin:/bin"]))
        #expect(other.outputText.contains("PONG"), "\(other.outputText) \(other.errorText)")
        for client in clients { client.close() }
        refused.close()
    }

    #if os(Linux)
        @Test func `a relay whose path is longer than an address has room for is reached`() async throws {
            let server = try await PrivateServer()
            var folder = server.folder.path
            for _ in 0..<5 {
                folder += "/" + String(repeating: "long", count: 12)
                #expect(mkdir(folder, 0o700) == 0)
            }
            let relay = try RedisRelay(path: folder + "/relay.sock", to: server.endpoint)
            defer { relay.close() }
            let client = asking(relay)
            #expect(try await client.send(["PING"]).text == "PONG")
            client.close()
        }
    #endif

    @Test func `a name of this machine that leads to another one is not followed`() async throws {
        let elsewhere = try await SocketAddress.resolve("192.0.2.1", port: 1)
        let here = try await SocketAddress.resolve("127.0.0.1", port: 1)
        #expect(SocketAddress.fitting(elsewhere, host: "localhost").isEmpty)
        #expect(SocketAddress.fitting(elsewhere + here, host: "localhost").count == 1)
        #expect(SocketAddress.fitting(elsewhere, host: "box").count == 1)
    }

    @Test func `a killed relay's socket is removed, and one that serves stays`() async throws {
        let server = try await PrivateServer()
        let relay = try relay(server.folder, server.endpoint)
        await RedisRelay.removeIfAbandoned(relay.path)
        #expect(access(relay.path, F_OK) == 0)
        let old = server.folder.path("old.sock")
        let script = "import socket, sys\nsocket.socket(socket.AF_UNIX).bind(sys.argv[1])"
        let made = try await ChildProcess.run(
            Launch("python3", ["-c", script, old], environment: ["PATH": "/usr/bin:/bin"]))
        #expect(made.exit.isSuccess && access(old, F_OK) == 0)
        await RedisRelay.removeIfAbandoned(old)
        #expect(access(old, F_OK) != 0)
        relay.close()
    }

    // The system's server only: the others are built without TLS.
    @Test func `a relay encrypts for clients that do not`() async throws {
        let folder = try ScratchFolder(prefix: "tt-redis")
        try await Certificates.make(in: folder)
        let port = try FreePort.next()
        let server = try await PrivateServer(
            .system, folder: folder,
            arguments: [
                "--tls-port", String(port), "--port", "0", "--tls-cert-file", folder.path("server.crt"),
                "--tls-key-file", folder.path("server.key"), "--tls-ca-cert-file", folder.path("ca.crt"),
                "--tls-auth-clients", "no",
            ])
        let relay = try relay(
            folder,
            RedisEndpoint(.tcp(host: "localhost", port: port), tls: RedisTLS(authority: folder.path("ca.crt"))))
        defer { relay.close() }
        let client = asking(relay)
        let large = [UInt8](repeating: 9, count: 2 << 20)
        let script = RedisScript("redis.call('set', KEYS[1], ARGV[1]) return redis.call('get', KEYS[1])")
        #expect(try await client.run(script, keys: ["a"], arguments: [large]).bytes == large)
        client.close()
        withExtendedLifetime(server) {}
    }

    @Test func `the filter gives the same verdict however a request is cut, and passes it on whole`() {
        func bytes(_ commands: [RedisCommand]) -> [UInt8] {
            var bytes: [UInt8] = []
            for command in commands { command.encode(into: &bytes) }
            return bytes
        }
        let fine = bytes([
            ["PING"], ["eval", "return 1", "0"], ["CONFIG", "GET", "notify-keyspace-events"], ["GET", ""],
            ["FCALL", String(repeating: "x", count: 300), "1", "a\r\n*1\r\n$8\r\nSHUTDOWN\r\n"],
        ])
        for size in [1, 2, 3, 7, 64, 4096] {
            var filter = RelayFilter()
            var passed: [UInt8] = []
            for start in stride(from: 0, to: fine.count, by: size) {
                guard case .pass(let more) = filter.take(fine[start..<min(start + size, fine.count)]) else {
                    Issue.record("refused in pieces of \(size)")
                    return
                }
                passed += more
            }
            #expect(passed == fine)
        }
        let bad: [[UInt8]] = [
            Array("SHUTDOWN\r\n".utf8), Array("*1\r\n$8\r\nSHUTDOWN\r\n".utf8), Array("*0\r\n".utf8),
            Array("*-1\r\n".utf8), Array("*1\n$4\nPING\n".utf8), Array("*99999999999999999999\r\n".utf8),
            Array("*1\r\n$-1\r\n".utf8), Array("*2\r\n$3\r\nGET\r\n$9999999999\r\n".utf8), Array("*1\r\n*1\r\n".utf8),
            Array("*1\r\n$99\r\n".utf8), Array(repeating: 0x2A, count: 100), bytes([["CONFIG", "GET"]]),
        ]
        for request in bad {
            for size in [1, 1000] {
                var filter = RelayFilter()
                var passed: [UInt8] = []
                var isRefused = false
                for start in stride(from: 0, to: request.count, by: size) where !isRefused {
                    switch filter.take(request[start..<min(start + size, request.count)]) {
                    case .pass(let more): passed += more
                    case .refuse: isRefused = true
                    }
                }
                #expect(isRefused, "\(String(decoding: request, as: UTF8.self))")
                let text = String(decoding: passed, as: UTF8.self)
                #expect(!text.contains("SHUTDOWN") && !text.contains("CONFIG"))
            }
        }
    }
}
