import Configuration
import Redis
import Servers
import TestOrder
import Testing

@Suite(.serialized, .queued) struct PlanTests {
    private static func plan(
        _ text: String, environment: [String: String] = [:], global: [(key: String, value: String)] = []
    ) throws -> ServerChoice {
        let (configuration, warnings) = try TownConfiguration.parse("name = \"t\"\n" + text, file: "tinytown.toml")
        #expect(warnings.isEmpty)
        var user = GlobalConfiguration()
        user.values = global
        return try ServerChoice(
            configuration.redis, global: user, root: "/town", home: "/home/.tt", environment: environment)
    }

    static let cases: [(String, [String: String], ServerChoice.Mode, String)] = [
        ("", [:], .townSocket, "unix:///town/.tt/redis.sock"),
        ("[redis]\nsocket_path = \"/run/r.sock\"", [:], .townSocket, "unix:///run/r.sock"),
        ("[redis]\nuse_socket = false", [:], .townSocket, "unix:///town/.tt/redis.sock"),
        ("[redis]\nuse_socket = false\nbind = \"0.0.0.0\"", [:], .townSocket, "unix:///town/.tt/redis.sock"),
        ("[redis]\nuse_socket = false\nhost = \"127.evil.test\"", [:], .external, "redis://127.evil.test:6379"),
        ("[redis]\nuse_socket = false\nhost = \"box\"", [:], .external, "redis://box:6379"),
        ("[redis]\nuse_socket = false\nhost = \"box\"\ntls_enabled = true", [:], .external, "rediss://box:6379"),
        ("use_central_redis = true", [:], .central, "unix:///home/.tt/redis/redis.sock"),
        (
            "use_central_redis = true\n[redis]\nuse_socket = false\nhost = \"127.0.0.1\"\nport = 16380", [:], .central,
            "unix:///home/.tt/redis/redis.sock"
        ),
        ("use_central_redis = true\n[redis]\nurl = \"redis://box/2\"", [:], .external, "redis://box:6379/2"),
        ("[redis]\nurl = \" \"", ["REDIS_URL": ""], .townSocket, "unix:///town/.tt/redis.sock"),
        ("[redis]\nurl = \"redis://box\"", ["REDIS_URL": "rediss://other:1"], .external, "rediss://other:1"),
        (
            "[redis]\nurl = \"redis://box\"\nuser = \"ann\"\npassword = \"x\"", [:], .external,
            "redis://ann:****@box:6379"
        ),
        (
            "use_streams = false\n[redis]\npersist = true\naof_path = \".tt/redis.aof\"", [:], .townSocket,
            "unix:///town/.tt/redis.sock"
        ),
    ]

    @Test(arguments: cases)
    func `where Redis is follows from all that is configured, in order`(
        _ text: String, _ environment: [String: String], _ mode: ServerChoice.Mode, _ address: String
    ) throws {
        let plan = try Self.plan(text, environment: environment)
        #expect(plan.mode == mode)
        #expect(plan.endpoint.description == address)
        #expect((plan.server == nil) == (mode == .external))
    }

    @Test func `only the user opens a port`() throws {
        let ports: [(key: String, value: String)] = [("redis.use_port", "true")]
        let text = "[redis]\nuse_socket = false\nhost = \"localhost\"\nport = 7001"
        let own = try Self.plan(text, global: ports)
        #expect(own.mode == .townPort && own.endpoint.description == "redis://localhost:7001")
        #expect(try Self.plan("", global: ports).mode == .townSocket, "the town does not ask for one")
        let central = try Self.plan("use_central_redis = true", global: ports)
        #expect(central.mode == .central && central.endpoint.description == "redis://127.0.0.1:16379")
        let wide = "[redis]\nuse_socket = false\nbind = \"0.0.0.0\""
        let refused = #expect(throws: ServerError.self) { try Self.plan(wide, global: ports) }
        #expect(refused?.hint == "if you want that, run: tt config redis.bind 0.0.0.0")
        #expect(try Self.plan(wide, global: ports + [("redis.bind", "0.0.0.0")]).mode == .townPort)
        let box = try Self.plan("use_central_redis = true", global: [("redis.host", "box"), ("redis.password", "p")])
        #expect(box.mode == .external && box.endpoint.description == "redis://:****@box:16379")
    }

    @Test func `a secret is for the address that it belongs to`() throws {
        let secret = ["TINYTOWN_REDIS_PASSWORD": "env"]
        let named = try Self.plan("[redis]\nurl = \"redis://localhost\"", environment: secret).endpoint
        guard case .thisUser = named.owner else { return #expect(named.owner != .anybody) }
        let host = "[redis]\nuse_socket = false\nhost = \"box\""
        #expect(try Self.plan(host, environment: secret).endpoint.owner != .anybody)
        // Without a secret of the user's, the file's own password goes to the file's own address, and nowhere else.
        let file = "[redis]\nurl = \"redis://localhost\"\npassword = \"file\""
        #expect(try Self.plan(file).endpoint.owner == .anybody)
        #expect(try Self.plan(file).endpoint.password == "file")
        let chosen = ["REDIS_URL": "redis://other"]
        #expect(try Self.plan(file, environment: chosen).endpoint.password == nil)
        let both = try Self.plan(file, environment: chosen.merging(secret) { $1 }).endpoint
        #expect(both.password == "env" && both.owner == .anybody)
        #expect(!both.allowsPlaintext)
        #expect(
            try Self.plan(file, environment: chosen, global: [("redis.allow_plaintext", "true")]).endpoint
                .allowsPlaintext)
        for text in ["", "use_central_redis = true"] {
            #expect(try Self.plan(text, environment: secret).endpoint.owner != .anybody, "the server has to be ours")
        }
    }

    @Test func `the password of the environment is before all others, and the user's before a town's copy`() throws {
        let town = "use_central_redis = true\n[redis]\npassword = \"town\""
        let user: [(key: String, value: String)] = [("redis.password", "user"), ("redis.port", "17000")]
        #expect(try Self.plan(town, global: user).endpoint.password == "user")
        #expect(try Self.plan(town, global: user).endpoint.description == "redis://:****@127.0.0.1:17000")
        #expect(
            try Self.plan(town, environment: ["TINYTOWN_REDIS_PASSWORD": "env"], global: user).endpoint.password
                == "env")
        #expect(try Self.plan("[redis]\npassword = \"town\"").endpoint.password == "town")
        let url = "[redis]\nurl = \"redis://:url@box\"\npassword = \"town\""
        #expect(try Self.plan(url, environment: ["TINYTOWN_REDIS_PASSWORD": "env"]).endpoint.password == "url")
    }

    @Test func `certificates are looked for in the town`() throws {
        let plan = try Self.plan(
            "[redis]\nurl = \"rediss://box\"\ntls_ca_cert = \"certs/ca.crt\"\ntls_server_name = \"name\"")
        #expect(plan.endpoint.tls == RedisTLS(authority: "/town/certs/ca.crt", serverName: "name"))
    }

    @Test func `what cannot work says which key to change`() throws {
        let address = #expect(throws: ServerError.self) { try Self.plan("[redis]\nurl = \"redis//box\"") }
        #expect(address?.hint == "correct redis.url")
        let variable = #expect(throws: ServerError.self) { try Self.plan("", environment: ["REDIS_URL": "box"]) }
        #expect(variable?.hint == "correct REDIS_URL")
        let tls = #expect(throws: ServerError.self) { try Self.plan("[redis]\ntls_enabled = true") }
        #expect(tls?.code == .configuration)
        let path = #expect(throws: ServerError.self) { try Self.plan("[redis]\nsocket_path = \"../x.sock\"") }
        #expect(path?.code == .configuration)
        #expect(throws: ConfigurationError.self) { try Self.plan("[redis]\nport = 0") }
    }
}
