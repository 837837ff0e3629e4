import Redis
import TestOrder
import Testing

@Suite(.serialized, .queued) struct EndpointTests {
    static let addresses: [(String, RedisEndpoint)] = [
        ("redis://localhost", RedisEndpoint(.tcp(host: "localhost", port: 6379))),
        ("redis://", RedisEndpoint(.tcp(host: "127.0.0.1", port: 6379))),
        (
            "redis://:secret@10.0.0.1:7000/3",
            RedisEndpoint(.tcp(host: "10.0.0.1", port: 7000), password: "secret", database: 3)
        ),
        (
            "redis://ann:p%40ss%2F%3A%25@[::1]:7000",
            RedisEndpoint(.tcp(host: "::1", port: 7000), user: "ann", password: "p@ss/:%")
        ),
        ("redis://:a@b@host", RedisEndpoint(.tcp(host: "host", port: 6379), password: "a@b")),
        ("rediss://host:6380", RedisEndpoint(.tcp(host: "host", port: 6380), tls: RedisTLS())),
        ("unix:///run/my%20redis.sock", RedisEndpoint(.unix(path: "/run/my redis.sock"))),
        (
            "redis+unix://:pw@/run/redis.sock?db=2",
            RedisEndpoint(.unix(path: "/run/redis.sock"), password: "pw", database: 2)
        ),
    ]

    @Test(arguments: addresses) func `addresses are read as they are meant`(_ text: String, _ expected: RedisEndpoint)
        throws
    {
        #expect(try RedisEndpoint(url: text) == expected)
    }

    @Test(arguments: [
        "localhost:6379", "http://localhost", "redis://host:0", "redis://host:70000", "redis://host/x",
        "unix://relative",
        "redis://:%zz@host", "redis://a:b:c", "redis://:pw@host?x=1",
    ]) func `what is no address is refused with its reason`(_ text: String) {
        let error = #expect(throws: RedisError.self) { try RedisEndpoint(url: text) }
        #expect(error?.code == .badAddress)
        #expect(error?.message.contains("is no address of a Redis server: ") == true)
    }

    @Test func `W36: a password never shows, not even in the message about an address that does not parse`() throws {
        let secret = "hunter2"
        let endpoint = try RedisEndpoint(url: "redis://ann:\(secret)@host/1")
        #expect(endpoint.description == "redis://ann:****@host:6379/1")
        for text in [
            "redis://:\(secret)@host:notaport", "redis://\(secret)@@host:0", "http://u:\(secret)@h",
            "unix://:\(secret)@rel",
        ] {
            let error = #expect(throws: RedisError.self) { try RedisEndpoint(url: text) }
            #expect(error?.message.contains(secret) == false, "\(text)")
        }
        #expect(
            RedisEndpoint.redacted("a redis://u:\(secret)@h and rediss://:\(secret)@i")
                == "a redis://u:****@h and rediss://:****@i")
    }
}

@Suite(.serialized, .queued) struct VersionTests {
    @Test(arguments: [
        ("redis_version:7.0.15\r\n", RedisVersion(.redis, 7, 0, 15), true),
        ("redis_version:6.2.1\r\n", RedisVersion(.redis, 6, 2, 1), false),
        ("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n", RedisVersion(.valkey, 9, 1, 2), true),
        ("redis_version:7.2.4\r\nvalkey_version:7.1.0\r\n", RedisVersion(.valkey, 7, 1), false),
    ]) func `versions are told by product and number`(_ info: String, _ expected: RedisVersion, _ isSupported: Bool)
        throws
    {
        let version = try #require(RedisVersion(info: info))
        #expect(version == expected)
        #expect(version.isSupported == isSupported)
    }

    @Test func `the program's own words are read too`() {
        #expect(
            RedisVersion(programOutput: "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc")
                == RedisVersion(.redis, 7, 0, 15))
        #expect(RedisVersion(programOutput: "Valkey server v=9.1.2 sha=0") == RedisVersion(.valkey, 9, 1, 2))
        #expect(RedisVersion(programOutput: "command not found") == nil)
    }
}
