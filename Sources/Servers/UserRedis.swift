import Configuration

/// What only the user may decide about Redis: keys of `config.toml` in `$TT_HOME`, which no repository can set.
struct UserRedis: Sendable {
    /// Where the central server listens, if on a port; or another machine, whose server somebody else runs.
    let host: String?
    let port: Int?
    /// Of the central server.
    let password: String?
    /// Whether servers that tt starts may listen on a port.
    let usesPort: Bool
    /// The address other than loopback that a town's server may listen on.
    let bind: String?
    /// Whether a password may go to another machine without encryption.
    let allowsPlaintext: Bool
    /// The town whose `dump.rdb` may be read.
    let dumpFolder: String?

    init(_ global: GlobalConfiguration) {
        func value(_ key: String) -> String? {
            let text = global.values.first { $0.key == key }?.value
            return text.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        }
        host = value("redis.host")
        port = value("redis.port").flatMap { Int($0) }
        password = value("redis.password")
        usesPort = value("redis.use_port") == "true"
        bind = value("redis.bind")
        allowsPlaintext = value("redis.allow_plaintext") == "true"
        dumpFolder = value("redis.read_dump")
    }

    /// Whether the central server listens on a port.
    var wantsCentralPort: Bool { usesPort || port != nil || host != nil }
}
