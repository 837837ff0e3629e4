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

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How servers of ours end, and what happens where something else has their place.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ServerLifeTests {
    private let folder: ScratchFolder
    private var home: String { folder.path("home") }

    init() throws {
        folder = try ScratchFolder(prefix: "tt-redis")
        try Files.makeFolder(folder.path("home/bin"))
        let program = RedisServers.ServerProgram.any
        let name = program.name.hasPrefix("valkey") ? "valkey-server" : "redis-server"
        try folder.write("#!/bin/sh\nexec \(program.path) \"$@\"\n", to: "home/bin/\(name)", mode: 0o700)
    }

    private func plan(_ text: String, town: String = "town", user: [(key: String, value: String)] = []) throws
        -> ServerChoice
    {
        try Files.makeFolder(folder.path("\(town)/.tt"))
        let (configuration, _) = try TownConfiguration.parse("name = \"t\"\n" + text, file: "tinytown.toml")
        var global = GlobalConfiguration()
        global.values = user
        return try ServerChoice(
            configuration.redis, global: global, root: folder.path(town), home: home,
            environment: ["PATH": "/usr/bin:/bin"])
    }

    @Test func `a server ends when it is asked to, with everything on the disk, and not twice`() async throws {
        let server = try #require(try plan("").server)
        let client = try await server.client()
        try await client.send(["SET", "kept", "yes"])
        client.close()
        let process = try #require(server.process)
        #expect(await server.servingProcess() == process)
        #expect(try await server.stop())
        #expect(!process.isAlive)
        #expect(server.process == nil)
        #expect(try await server.stop() == false)
        let again = try await server.client()
        #expect(try await again.send(["GET", "kept"]).text == "yes")
        again.close()
        #expect(try await server.stop())
    }

    @Test func `a server that somebody else started is left alone`() async throws {
        let other = try await PrivateServer()
        let server = try #require(try plan("[redis]\nsocket_path = \"\(other.socket)\"").server)
        let client = try await server.client()
        client.close()
        let error = await #expect(throws: ServerError.self) { try await server.stop() }
        #expect(error?.code == .notOurs)
        #expect(try await other.client().send(["PING"]).text == "PONG")
    }

    @Test func `two towns share the central server and its password, on the port that the user chose`() async throws {
        let port = try FreePort.next()
        let user: [(key: String, value: String)] = [("redis.port", "\(port)")]
        let one = try plan("use_central_redis = true", town: "one", user: user)
        let two = try plan("use_central_redis = true", town: "two", user: user)
        let server = try #require(one.server)
        async let first = one.connect()
        async let second = two.connect()
        let clients = try await [first, second]
        #expect(clients.map(\.endpoint.description) == Array(repeating: "redis://:****@127.0.0.1:\(port)", count: 2))
        try await clients[0].send(["SET", "a", "1"])
        #expect(try await clients[1].send(["GET", "a"]).text == "1")
        #expect(Files.names(in: folder.path("one/.tt")).isEmpty && Files.names(in: folder.path("two/.tt")).isEmpty)
        #expect(Files.exists(home + "/redis/password"))
        clients[0].close()
        let refusal = await #expect(throws: ServerError.self) { try await server.stop(isShared: true) }
        #expect(refusal?.code == .inUse && refusal?.message.hasPrefix("a program is connected") == true)
        #expect(try await clients[1].send(["GET", "a"]).text == "1")
        clients[1].close()
        #expect(try await server.stop(isShared: true))
        #expect(try await !server.stop(isShared: true))
    }

    @Test func `a server that listens on a port since earlier is used until it ends, and then gets a socket`()
        async throws
    {
        let text = "[redis]\nuse_socket = false\nport = \(try FreePort.next())"
        let before = try plan(text, user: [("redis.use_port", "true")])
        let first = try await before.connect()
        try await first.send(["SET", "kept", "yes"])
        first.close()
        let now = try plan(text)
        let second = try await now.connect()
        #expect(second.endpoint.description.hasPrefix("redis://:****@127.0.0.1:"))
        #expect(try await second.send(["GET", "kept"]).text == "yes")
        second.close()
        #expect(try await now.server?.stop() == true)
        let third = try await now.connect()
        #expect(third.endpoint.description.hasPrefix("unix://"))
        #expect(try await third.send(["GET", "kept"]).text == "yes")
        third.close()
        #expect(try await now.server?.stop() == true)
    }

    @Test func `a socket is made only where nothing of value is, and nobody else can take its place`() async throws {
        let file = try folder.write("precious", to: "precious.txt")
        let taken = try plan("[redis]\nsocket_path = \"\(file)\"")
        let error = await #expect(throws: ServerError.self) { try await taken.connect() }
        #expect(error?.message.contains("is a file and no socket") == true)
        #expect(try Files.text(file) == "precious")
        try Files.makeFolder(folder.path("open"))
        chmod(folder.path("open"), 0o777)
        let open = try plan("[redis]\nsocket_path = \"\(folder.path("open"))/r.sock\"")
        let other = await #expect(throws: ServerError.self) { try await open.connect() }
        #expect(other?.message.contains("only you may write it") == true)
        let long = String(repeating: "x", count: 50)
        let path = try plan("[redis]\nsocket_path = \"\(folder.path(long))/\(long)/r.sock\"")
        let longest = await #expect(throws: ServerError.self) { try await path.connect() }
        #expect(longest?.message.contains("may have 107 bytes") == true)
    }

    @Test func `a dump that may have come with the repository is read only if the user says so`() async throws {
        let plan = try plan("")
        let old = try await PrivateServer()
        let client = old.client()
        try await client.send(["SET", "a", "1"])
        try await client.send(["SAVE"])
        client.close()
        try Files.move(old.folder.path("dump.rdb"), to: folder.path("town/dump.rdb"))
        let error = await #expect(throws: ServerError.self) { try await plan.connect() }
        #expect(error?.hint.contains("tt config redis.read_dump \(folder.path("town"))") == true)
        let allowed = try self.plan("", user: [("redis.read_dump", folder.path("town"))])
        let reader = try await allowed.connect()
        #expect(try await reader.send(["GET", "a"]).text == "1")
        reader.close()
        #expect(try await allowed.server?.stop() == true)
    }

    /// A program that has a port and is no server of ours: it answers nothing, or in another language.
    private func foreign(_ answer: String) async throws -> (ChildProcess, port: Int) {
        let script =
            "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\n"
            + "print(s.getsockname()[1], flush=True)\nkept = []\nwhile True:\n    c = s.accept()[0]\n"
            + "    kept.append(c)\n    c.sendall(b'\(answer)')\n"
        let child = try await ChildProcess.spawn(
            Launch("python3", ["-c", script], environment: ["PATH": "/usr/bin:/bin"], input: .none, output: .stream))
        var framer = LineFramer()
        for await chunk in try #require(child.output) {
            if let line = framer.append(chunk).first, let port = Int(String(decoding: line, as: UTF8.self)) {
                return (child, port)
            }
        }
        throw ServerError(.failed, "the stand-in has not started")
    }

    @Test(arguments: ["", "HTTP/1.1 400 Bad Request\\\\r\\\\n\\\\r\\\\n"])
    func `a port that another program has is told as that`(_ answer: String) async throws {
        let (program, port) = try await foreign(answer)
        defer { program.signal(.kill) }
        let plan = try plan("[redis]\nuse_socket = false\nport = \(port)", user: [("redis.use_port", "true")])
        var options = RedisOptions()
        options.connectTimeout = .seconds(1)
        do {
            _ = try await plan.connect(options)
            Issue.record("it is no server")
        } catch {
            let text = "\(error)"
            #expect(text.contains("127.0.0.1:\(port)"), "\(text)")
            let isTold =
                text.contains("is used by another program") || text.contains("this is no Redis or Valkey server")
            #expect(isTold, "\(text)")
        }
        #expect(plan.server?.process == nil, "nothing is left running")
    }

    @Test func `a name that nobody knows is told at once`() async throws {
        // Longer than a name may be, so that no name server is asked.
        let name = String(repeating: "x", count: 70) + ".example"
        let plan = try plan("[redis]\nurl = \"redis://\(name)\"")
        let begun = ContinuousClock.now
        let error = await #expect(throws: RedisError.self) { try await plan.connect() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("the host \(name) is unknown") == true, "\(error?.message ?? "")")
        #expect(begun.duration(to: .now) < .seconds(4))
    }

    private static let hasNewerProtocol = (try? Files.text("/proc/net/if_inet6"))?.map { !$0.isEmpty } ?? false

    @Test(.enabled(if: hasNewerProtocol, "this machine has no IPv6"))
    func `an address of the newer kind is written in brackets`() async throws {
        let port = try FreePort.next()
        let server = try await PrivateServer(arguments: ["--port", "\(port)", "--bind", "::1"])
        let client = try await plan("[redis]\nurl = \"redis://[::1]:\(port)/2\"").connect()
        #expect(try await client.send(["PING"]).text == "PONG")
        #expect(client.endpoint.description == "redis://[::1]:\(port)/2")
        client.close()
        withExtendedLifetime(server) {}
    }
}
