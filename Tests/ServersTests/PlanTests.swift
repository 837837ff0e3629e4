import Configuration
import Redis
import Servers
import Testing

@Suite struct PlanTests {
    private static func plan(
        _ text: String, environment: [String: String] = [:], global: [(key: String, value: String)] = []
    ) throws -> RedisPlan {
        let (configuration, warnings) = try TownConfiguration.parse("name = \"t\"\n" + text, file: "tinytown.toml")
        #expect(warnings.isEmpty)
        var user = GlobalConfiguration()
        user.values = global
        return try RedisPlan(
            configuration.redis, global: user, root: "/town", home: "/home/.tt", environment: environment)
    }

    static let cases: [(String, [String: String], RedisPlan.Mode, String)] = [
        ("", [:], .townSocket, "unix:///town/.tt/redis.sock"),
        ("[redis]\nsocket_path = \"/run/r.sock\"", [:], .townSocket, "unix:///run/r.sock"),
        ("[redis]\nuse_socket = false", [:], .townPort, "redis://127.0.0.1:6379"),
        ("[redis]\nuse_socket = false\nhost = \"localhost\"\nport = 7001", [:], .townPort, "redis://localhost:7001"),
        ("[redis]\nuse_socket = false\nhost = \"box\"", [:], .external, "redis://box:6379"),
        ("[redis]\nuse_socket = false\nhost = \"box\"\ntls_enabled = true", [:], .external, "rediss://box:6379"),
        ("use_central_redis = true", [:], .central, "redis://127.0.0.1:16379"),
        (
            "use_central_redis = true\n[redis]\nuse_socket = false\nhost = \"127.0.0.1\"\nport = 16380", [:], .central,
            "redis://127.0.0.1:16380"
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
        _ text: String, _ environment: [String: String], _ mode: RedisPlan.Mode, _ address: String
    ) throws {
        let plan = try Self.plan(text, environment: environment)
        #expect(plan.mode == mode)
        #expect(plan.endpoint.description == address)
        #expect((plan.server == nil) == (mode == .external))
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
        #expect(throws: ConfigurationError.self) { try Self.plan("[redis]\nport = 0") }
    }
}
