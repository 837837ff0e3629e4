import Concurrency
import FoundationEssentials
import Processes
import Redis
import RedisServers
import TestOrder
import TestSupport
import TestTown
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Listeners that are not what they seem, and folders that lead to them: no secret goes there, and nothing they say runs.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct ListenerAttacks {
    private static let secret = "hunter2-the-victims-password"
    private static let password = ["TINYTOWN_REDIS_PASSWORD": secret]

    private let victim: Intruder

    init() throws { victim = try Intruder() }

    /// A folder whose owner believes in it, whatever its configuration says.
    private func town(_ settings: String) async throws -> String {
        let root = try victim.folder("town")
        try "name = \"t\"\nstore = \"redis\"\n\(settings)\n".write(
            toFile: root + "/tinytown.toml", atomically: true, encoding: .utf8)
        _ = try await victim.tt(["trust", "--yes"], in: root)
        return root
    }

    private func user(_ settings: String) throws {
        try FileManager.default.createDirectory(
            atPath: victim.ttHome, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try settings.write(toFile: victim.ttHome + "/config.toml", atomically: true, encoding: .utf8)
    }

    @Test func `a host that begins like this machine's gets neither the password nor a linked key`() async throws {
        let key = try victim.scratch.write("-----BEGIN OPENSSH PRIVATE KEY-----\n", to: "home/id_ed25519")
        // The system reads the short form as 127.0.0.1, so that the impostor is reached without a name server.
        let impostor = try await Impostor("0", user: geteuid())
        let root = try await town("[redis]\nuse_socket = false\nhost = \"127.1\"\nport = \(impostor.port)")
        try FileManager.default.createDirectory(atPath: root + "/.tt/redis", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: root + "/.tt/redis/password", withDestinationPath: key)
        for words in [["status"], ["list"], ["doctor"], ["send", "a", "b"], ["stop", "--server"]] {
            _ = try await victim.tt(words, in: root)
            let answer = try await victim.tt(words, in: root, environment: Self.password)
            #expect(!answer.status.isSuccess, "\(words)")
            #expect(!(answer.output + answer.errors).contains(Self.secret))
        }
        let loot = try await impostor.loot()
        #expect(!loot.contains("PRIVATE KEY") && !loot.contains(Self.secret) && !loot.contains("AUTH"), "\(loot)")
    }

    @Test func `a password goes to another machine only encrypted, or as the user's own configuration says`()
        async throws
    {
        let begun = ContinuousClock.now
        // An address that is for documentation, and leads nowhere: it must not even be tried.
        for settings in [
            "url = \"redis://192.0.2.1\"", "use_socket = false\nhost = \"192.0.2.1\"\nallow_plaintext = true",
        ] {
            let root = try await town("[redis]\n" + settings)
            let answer = try await victim.tt(["status"], in: root, environment: Self.password)
            #expect([.exited(5), .exited(7)].contains(answer.status), "\(answer.errors)")
            if answer.status == .exited(5) {
                #expect(answer.errors.contains("rediss://") && answer.errors.contains("redis.allow_plaintext"))
            }
        }
        let own = try await town("")
        let url = ["REDIS_URL": "redis://:\(Self.secret)@192.0.2.1"]
        let answer = try await victim.tt(["status"], in: own, environment: url)
        #expect(answer.status == .exited(5) && answer.errors.contains("rediss://"), "\(answer.errors)")
        #expect(!answer.errors.contains(Self.secret))
        #expect(begun.duration(to: .now) < .seconds(30))
    }

    @Test(.enabled(if: Impostor.isPossible, "only root can play another user"))
    func `a stranger on the central server's port gets nothing, and nothing it says runs`() async throws {
        let impostor = try await Impostor("0")
        try user("[redis]\nport = \(impostor.port)\npassword = \"\(Self.secret)\"\n")
        let root = try await town("use_central_redis = true")
        for words in [["status"], ["spawn", "a"], ["backlog", "add", "x"], ["doctor"]] {
            let answer = try await victim.tt(words, in: root, environment: Self.password)
            #expect(!answer.status.isSuccess, "\(words)")
            #expect((answer.errors + answer.output).contains("user 12345"), "\(words): \(answer.errors)")
        }
        #expect(try await impostor.loot() == "")
    }

    @Test(.enabled(if: Impostor.isPossible, "only root can play another user"))
    func `a stranger on the town's port or socket gets nothing`() async throws {
        let impostor = try await Impostor("0")
        try user("[redis]\nuse_port = true\n")
        let root = try await town("[redis]\nuse_socket = false\nport = \(impostor.port)")
        let port = try await victim.tt(["status"], in: root, environment: Self.password)
        #expect(port.status == .exited(5) && port.errors.contains("user 12345"), "\(port.errors)")
        #expect(try await impostor.loot() == "")

        let path = victim.scratch.path("their.sock")
        let other = try await Impostor(path)
        _ = try await town("[redis]\nsocket_path = \"\(path)\"")
        let socket = try await victim.tt(["status"], in: root, environment: Self.password)
        #expect(socket.status == .exited(5) && socket.errors.contains("user 12345"), "\(socket.errors)")
        #expect(try await other.loot() == "")
    }

    @Test(.enabled(if: Impostor.isPossible, "only root can play another user"))
    func `a stranger's server on this machine that only the repository names does not get the user's password`()
        async throws
    {
        let impostor = try await Impostor("0")
        let path = victim.scratch.path("their.sock")
        let other = try await Impostor(path)
        for url in ["redis://127.0.0.1:\(impostor.port)", "redis://localhost:\(impostor.port)", "unix://\(path)"] {
            let root = try await town("[redis]\nurl = \"\(url)\"")
            let answer = try await victim.tt(["status"], in: root, environment: Self.password)
            #expect(answer.status == .exited(5), "\(answer.errors)")
            #expect(answer.errors.contains("user 12345") && answer.errors.contains("set REDIS_URL"), "\(answer.errors)")
        }
        #expect(try await impostor.loot() == "")
        #expect(try await other.loot() == "")
    }

    @Test(.enabled(if: Impostor.isPossible, "only root can play another user"))
    func `a stranger who takes the port of a server that died gets nothing from those that reconnect`() async throws {
        let port = try FreePort.next()
        let server = try await PrivateServer(
            arguments: ["--port", "\(port)", "--bind", "127.0.0.1", "--requirepass", Self.secret])
        var endpoint = RedisEndpoint(.tcp(host: "127.0.0.1", port: port), password: Self.secret)
        endpoint.owner = .thisUser(advice: "end it")
        let client = RedisClient(endpoint, options: .patient)
        try await client.send(["SET", "a", "1"])
        let lost = OneShot<RedisError>()
        let subscriber = RedisSubscriber(endpoint, channels: ["news"]) { events in
            for event in events {
                if case .lost(let error) = event, error.code == .notTrusted { lost.set(error) }
            }
        }
        await server.kill()
        let impostor = try await Impostor("\(port)")
        let error = await #expect(throws: RedisError.self) { try await client.send(["SET", "b", "of the victim"]) }
        #expect(error?.code == .notTrusted, "\(error?.message ?? "")")
        // Only a server that is not trusted counts; its message depends on the moment at which it was looked at.
        #expect(try await lost.wait().code == .notTrusted)
        subscriber.close()
        client.close()
        #expect(try await impostor.loot() == "")
    }

    @Test func `a repository opens no port by itself, and none to other machines`() async throws {
        let port = try FreePort.next()
        let root = try await town("[redis]\nuse_socket = false\nport = \(port)\nbind = \"0.0.0.0\"")
        let answer = try await victim.tt(["status"], in: root)
        #expect(answer.status.isSuccess, "\(answer.errors)")
        let configuration = try String(contentsOfFile: root + "/.tt/redis/redis.conf", encoding: .utf8)
        #expect(configuration.contains("\nport 0\n") && !configuration.contains("bind"))
        _ = try await victim.tt(["stop", "--server"], in: root)

        try user("[redis]\nuse_port = true\n")
        let wide = try await victim.tt(["status"], in: root)
        #expect(!wide.status.isSuccess && wide.errors.contains("tt config redis.bind 0.0.0.0"), "\(wide.errors)")
    }

    @Test func `a socket path of a repository removes no file of the user's`() async throws {
        let file = try victim.scratch.write("precious", to: "home/precious.txt")
        for path in [file, "../home/precious.txt"] {
            let root = try await town("[redis]\nsocket_path = \"\(path)\"")
            let answer = try await victim.tt(["status"], in: root)
            #expect(!answer.status.isSuccess, "\(path)")
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "precious")
        }
    }

    @Test func `data of a server that came with a repository is not adopted`() async throws {
        let root = try await town("")
        try "REDIS0011".write(toFile: root + "/dump.rdb", atomically: true, encoding: .utf8)
        let answer = try await victim.tt(["status"], in: root)
        #expect(!answer.status.isSuccess && answer.errors.contains("redis.read_dump"), "\(answer.errors)")
        #expect(!FileManager.default.fileExists(atPath: root + "/.tt/redis/dump.rdb"))
    }

    @Test func `a turn has neither the store's password nor its address, and reports all the same`() async throws {
        let server = try await PrivateServer(arguments: ["--requirepass", Self.secret])
        let access = Self.password.merging(["REDIS_URL": "unix://\(server.socket)"]) { $1 }
        let town = try await TownOnDisk(agents: ["spy": Self.spy], environment: access)
        let path = town.root + "/tinytown.toml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.split(separator: "store = \"sqlite\"", maxSplits: 1).joined(separator: "store = \"redis\"")
            .write(toFile: path, atomically: true, encoding: .utf8)
        _ = try await town.answer(["trust", "--yes"])
        try await town.tt("spawn", "worker", "--cli", "spy")
        let task = try #require(try await town.json(["assign", "worker", "build it"], "task", "id"))
        try await town.event("turn_finished")
        #expect(try await town.json(["task", "show", task], "task", "state") == "completed")
        let environment = try String(contentsOfFile: town.root + "/environment.txt", encoding: .utf8)
        #expect(environment.contains("TINYTOWN_TURN="))
        #expect(!environment.contains(Self.secret) && !environment.contains("REDIS_URL"), "\(environment)")
        // Not by the relay either.
        let answers = try String(contentsOfFile: town.root + "/answers.txt", encoding: .utf8)
        #expect(answers.contains("NOPERM") && !answers.contains(Self.secret), "\(answers)")
        // Nor to another town.
        let other = try String(contentsOfFile: town.root + "/other.txt", encoding: .utf8)
        #expect(other.contains("not trusted"), "\(other)")
        try await town.close()
        let left = try FileManager.default.contentsOfDirectory(atPath: town.root + "/.tt/turns")
        #expect(!left.contains { $0.hasSuffix(".sock") }, "\(left)")
    }

    @Test func `a process that is passed off as the town's server is not killed with the town`() async throws {
        let town = try await TownOnDisk(agents: ["idle": "cat >/dev/null"], ownServer: .any)
        try await town.tt("status")
        let server = try #require(town.server)
        let bystander = try await ChildProcess.spawn(Launch("sleep", ["600"], environment: ["PATH": "/usr/bin:/bin"]))
        try "\(bystander.identity)".write(
            toFile: town.root + "/.tt/redis/process", atomically: true, encoding: .utf8)
        try await town.tt("spawn", "worker", "--cli", "idle")
        try ScratchFolder.removeTree(town.root)
        try await town.allEnd()
        #expect(bystander.identity.isAlive)
        bystander.signal(.kill)
        server.send(.kill)
    }

    private static let spy = """
        cat >prompt.txt
        env >environment.txt
        python3 - <<'END' >answers.txt
        import os, socket
        for words in (["CONFIG", "GET", "requirepass"], ["ACL", "LIST"], ["CONFIG", "GET", "notify-keyspace-events", "requirepass"]):
            s = socket.socket(socket.AF_UNIX); s.connect(os.environ["TINYTOWN_STORE_SOCKET"])
            s.sendall(b"*%d\\r\\n" % len(words) + b"".join(b"$%d\\r\\n%s\\r\\n" % (len(w), w.encode()) for w in words))
            print(s.recv(4096).decode())
        END
        mkdir -p other && printf 'name = "other"\\nstore = "redis"\\n' >other/tinytown.toml
        tt --town other status >other.txt 2>&1
        for task in $(sed -n 's/.*`tt task complete \\([0-9a-f-]*\\) .*/\\1/p' prompt.txt); do
            tt task complete "$task" --result done
        done
        """

    @Test func `an agent that changes tinytown.toml leads its commands nowhere else`() async throws {
        let server = try await PrivateServer()
        let impostor = try await Impostor("0", user: geteuid())
        let town = try await TownOnDisk(
            agents: [
                "turncoat": """
                cat >/dev/null
                cp tinytown.toml kept.toml
                for change in 's|unix:.*"|redis://127.0.0.1:\(impostor.port)"|' 's/scratch/other/' 's/"redis"/"sqlite"/'; do
                    sed "$change" kept.toml >tinytown.toml
                    tt backlog add "from the turn" >>said.txt 2>&1
                done
                mv kept.toml tinytown.toml
                : >finished
                """
            ], redis: "unix://\(server.socket)")
        try await town.tt("spawn", "worker", "--cli", "turncoat")
        try await town.tt("send", "worker", "go")
        // Our own commands would read the changed file as well.
        try await town.appears("finished")
        try await town.event("turn_finished")
        let said = try String(contentsOfFile: town.root + "/said.txt", encoding: .utf8)
        #expect(!said.isEmpty)
        #expect(try await impostor.loot() == "")
        let client = server.client()
        #expect(try await client.send(["KEYS", "tt:other:*"]).array?.isEmpty == true)
        client.close()
        try await town.close()
        // The embedded store, which was there before the town moved to Redis, got nothing.
        let path = town.root + "/tinytown.toml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.split(separator: "store = \"redis\"", maxSplits: 1).joined(separator: "store = \"sqlite\"")
            .write(toFile: path, atomically: true, encoding: .utf8)
        _ = try await town.answer(["trust", "--yes"])
        let embedded = try await town.tt("backlog", "list")
        #expect(!embedded.contains("from the turn"))
    }
}
