import Cryptography
import Secrets

/// The part of `tinytown.toml` that can run a program or connect to a server.
///
/// A person trusts exactly this part. Everything else in the file (names, limits, timeouts) may change without a new
/// decision. What equals a built-in default is left out, so that a new version of a preset asks nobody.
public struct RunnablePart: Sendable, Equatable {
    /// One setting.
    public struct Line: Sendable, Equatable {
        /// Dotted, as in the file.
        public var key: String
        public var value: String
        /// Screens show a mask instead of the value.
        public var isSecret: Bool
    }

    /// Every setting of this part, in a fixed order.
    public private(set) var lines: [Line] = []

    public init(_ configuration: TownConfiguration) {
        if configuration.store != .sqlite { add("store", configuration.store.rawValue) }
        add("default_cli", configuration.defaultCLI)
        add("conductor_cli", configuration.conductorCLI)
        for (name, cli) in configuration.agentCLIs.sorted(by: { $0.key < $1.key }) where cli != AgentCLI.presets[name] {
            add("agent_clis.\(name).command", cli.command)
            add("agent_clis.\(name).workdir", cli.workdir)
            if !cli.pass.isEmpty { add("agent_clis.\(name).pass", cli.pass.joined(separator: ", ")) }
            for (variable, value) in cli.env.sorted(by: { $0.key < $1.key }) {
                add("agent_clis.\(name).env.\(variable)", value, isSecret: Secret.isSecret(variable))
            }
        }
        addRedis(configuration.redis)
    }

    private mutating func addRedis(_ redis: RedisConfiguration) {
        let standard = RedisConfiguration()
        if redis.useCentral { add("use_central_redis", "true") }
        add("redis.url", redis.url, isSecret: false)
        if let uses = redis.useSocket, !uses { add("redis.use_socket", "false") }
        if redis.socketPath != standard.socketPath { add("redis.socket_path", redis.socketPath) }
        add("redis.host", redis.host)
        add("redis.port", redis.port.map(String.init))
        if redis.bind != standard.bind { add("redis.bind", redis.bind) }
        add("redis.user", redis.user)
        add("redis.password", redis.password, isSecret: true)
        if redis.usesTLS { add("redis.tls_enabled", "true") }
        add("redis.tls_ca_cert", redis.authority)
        add("redis.tls_cert", redis.certificate)
        add("redis.tls_key", redis.key)
        add("redis.tls_server_name", redis.serverName)
    }

    private mutating func add(_ key: String, _ value: String?, isSecret: Bool = false) {
        guard let value else { return }
        lines.append(Line(key: key, value: value, isSecret: isSecret))
    }

    /// SHA-256 over all lines, 64 hexadecimal digits. Lengths are part of it, so that no two parts read alike.
    public var digest: String {
        var digest = SHA256()
        digest.update(Array("tinytown.trust.1".utf8))
        for line in lines {
            for text in [line.key, line.value] {
                digest.update(Array("\n\(text.utf8.count):".utf8))
                digest.update(Array(text.utf8))
            }
        }
        return digest.hexDigest()
    }

    /// What a person should look at twice: the line's key, and what the setting can do.
    public var risks: [(key: String, reason: String)] {
        lines.flatMap { line -> [(key: String, reason: String)] in
            let parts = line.key.split(separator: ".", maxSplits: 3).map(String.init)
            guard parts.first == "agent_clis", parts.count > 2 else {
                return Self.redisRisk(line).map { [(line.key, $0)] } ?? []
            }
            switch parts[2] {
            case "env": return RiskyVariable.risk(of: parts.last!).map { [(line.key, "\(parts.last!) \($0)")] } ?? []
            case "pass": return [(line.key, "it gets these variables of yours")]
            case "workdir" where !Self.isBelow(line.value): return [(line.key, "the agent starts outside this folder")]
            case "command" where AgentCLI.presets[parts[1]] != nil:
                return [(line.key, "it replaces the built-in '\(parts[1])'")]
            default: return []
            }
        }
    }

    private static func redisRisk(_ line: Line) -> String? {
        switch line.key {
        case "redis.url", "redis.host": "tt connects there and believes what that server says"
        case "redis.bind": "the server listens on this address"
        case "redis.tls_ca_cert": "certificates of this authority are believed"
        default: nil
        }
    }

    private static func isBelow(_ folder: String) -> Bool {
        !folder.hasPrefix("/") && !folder.hasPrefix("~") && !folder.split(separator: "/").contains("..")
    }
}
