import Peers

/// Where a server is and who asks: what a `redis://` address says.
public struct RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// How it is reached.
    public enum Place: Sendable, Hashable {
        case tcp(host: String, port: Int)
        /// An absolute path of a Unix socket.
        case unix(path: String)
    }

    /// Whose server may get the password, or anything else.
    public enum Owner: Sendable, Hashable {
        /// Anybody's: the address is all that is known of it.
        case anybody
        /// On this machine only a server that this user runs, or the system administrator; looked at before anything is
        /// sent. `advice` says what to do about another one. It says nothing of other machines.
        case thisUser(advice: String)
    }

    /// How it is reached.
    public var place: Place
    /// The ACL user; nil stands for `default`.
    public var user: String?
    /// The password; nil authenticates nobody.
    public var password: String?
    /// The number of the database, from 0 on.
    public var database: Int
    /// Encryption; nil for none.
    public var tls: RedisTLS?
    /// Whose server it must be.
    public var owner = Owner.anybody
    /// Whether the password may go to another machine without encryption.
    public var allowsPlaintext = false

    public init(
        _ place: Place, user: String? = nil, password: String? = nil, database: Int = 0, tls: RedisTLS? = nil
    ) {
        self.place = place
        self.user = user
        self.password = password
        self.database = database
        self.tls = tls
    }

    /// Reads `redis://[[user]:password@]host[:port][/db]`, `rediss://…` (encrypted) or
    /// `unix://[[user]:password@]/path[?db=N]`, also written `redis+unix://` and `redis-socket://`.
    ///
    /// User and password may be percent-encoded and must be where they hold `@`, `/`, `:`, `?`, `#` or `%`.
    /// - Throws: `badAddress`, without the password in its message.
    public init(url: String) throws(RedisError) {
        guard let scheme = url.firstRange(of: "://") else {
            throw Self.bad(url, "it must begin with redis://, rediss:// or unix://")
        }
        let name = url[..<scheme.lowerBound].lowercased()
        guard ["redis", "rediss", "unix", "redis+unix", "redis-socket"].contains(name) else {
            throw Self.bad(url, "it must begin with redis://, rediss:// or unix://, not \(name)://")
        }
        let isUnix = name != "redis" && name != "rediss"
        var rest = url[scheme.upperBound...]
        var query = Substring()
        if let mark = rest.lastIndex(of: "?"), !rest[mark...].contains("@") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        self.init(.unix(path: ""))
        // The last @: a password with an @ that is not encoded is still understood.
        let path = rest.firstIndex(of: "/") ?? rest.endIndex
        if let mark = (isUnix ? rest[..<path] : rest).lastIndex(of: "@") {
            try readUser(rest[..<mark], of: url)
            rest = rest[rest.index(after: mark)...]
        }
        if isUnix { try readPath(rest, of: url) } else { try readHost(rest, of: url) }
        try readQuery(query, of: url)
        if name == "rediss" { tls = tls ?? RedisTLS() }
    }

    /// Whether it is on this machine.
    public var isLocal: Bool {
        switch place {
        case .unix: true
        case .tcp(let host, _): MachineAddress.isThisMachine(host)
        }
    }

    /// The address without its password and without an encoded name, for messages and logs.
    public var description: String {
        let secret = password == nil ? "" : ":****"
        let who = user == nil && password == nil ? "" : "\(user ?? "")\(secret)@"
        switch place {
        case .tcp(let host, let port):
            let name = host.contains(":") ? "[\(host)]" : host
            let tail = database == 0 ? "" : "/\(database)"
            return "\(tls == nil ? "redis" : "rediss")://\(who)\(name):\(port)\(tail)"
        case .unix(let path): return "unix://\(who)\(path)\(database == 0 ? "" : "?db=\(database)")"
        }
    }

    /// Any text that may hold addresses, with their passwords masked; also of addresses that do not parse.
    public static func redacted(_ text: String) -> String {
        var result = Substring(text)
        var output = ""
        while let scheme = result.firstRange(of: "://") {
            output += result[..<scheme.upperBound]
            result = result[scheme.upperBound...]
            let end = result.firstIndex { $0.isWhitespace || $0 == "\"" || $0 == "'" } ?? result.endIndex
            guard let mark = result[..<end].lastIndex(of: "@") else { continue }
            let user = result[..<mark].prefix { $0 != ":" }
            output += user.endIndex == mark ? "****" : "\(user):****"
            result = result[mark...]
        }
        return output + result
    }

    // MARK: - Reading

    private mutating func readUser(_ text: Substring, of url: String) throws(RedisError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = Self.decoded(parts[0]) else { throw Self.bad(url, "a % in its user is followed by no code") }
        user = name.isEmpty ? nil : name
        guard parts.count == 2 else { return }
        guard let secret = Self.decoded(parts[1]) else {
            throw Self.bad(url, "a % in its password is followed by no code; write %25 for a %")
        }
        password = secret.isEmpty ? nil : secret
    }

    private mutating func readHost(_ text: Substring, of url: String) throws(RedisError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var host = parts[0]
        var port = 6379
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            let tail = host[host.index(after: end)...]
            host = host[..<end].dropFirst()
            if !tail.isEmpty {
                guard tail.hasPrefix(":") else { throw Self.bad(url, "its host does not parse") }
                port = try Self.port(tail.dropFirst(), of: url)
            }
        } else if let colon = host.lastIndex(of: ":") {
            port = try Self.port(host[host.index(after: colon)...], of: url)
            host = host[..<colon]
        }
        guard let name = Self.decoded(host), !name.contains(":") || parts[0].hasPrefix("[") else {
            throw Self.bad(url, "its host does not parse")
        }
        place = .tcp(host: name.isEmpty ? "127.0.0.1" : name, port: port)
        if parts.count == 2, !parts[1].isEmpty { database = try Self.database(parts[1], of: url) }
    }

    private mutating func readPath(_ text: Substring, of url: String) throws(RedisError) {
        guard let path = Self.decoded(text), path.hasPrefix("/") else {
            throw Self.bad(url, "the path of a socket must be absolute, as in unix:///run/redis.sock")
        }
        place = .unix(path: path)
    }

    private mutating func readQuery(_ query: Substring, of url: String) throws(RedisError) {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = Self.decoded(parts[1]) else { continue }
            switch parts[0] {
            case "db": database = try Self.database(Substring(value), of: url)
            case "user", "username": user = value
            case "pass", "password": password = value
            default: throw Self.bad(url, "'\(parts[0])' means nothing in it; there are db, user and password")
            }
        }
    }

    private static func port(_ text: Substring, of url: String) throws(RedisError) -> Int {
        guard let port = Int(text), (1...65_535).contains(port) else { throw bad(url, "its port must be 1 to 65535") }
        return port
    }

    private static func database(_ text: Substring, of url: String) throws(RedisError) -> Int {
        guard let number = Int(text), number >= 0 else { throw bad(url, "its database must be a number from 0 on") }
        return number
    }

    private static func bad(_ url: String, _ reason: String) -> RedisError {
        RedisError(.badAddress, "\(redacted(url)) is no address of a Redis server: \(reason)")
    }

    /// Text with its `%41` decoded; nil where a code is broken, or the result is not UTF-8.
    static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let code = String(rest.prefix(2)), code.utf8.count == 2, !code.hasPrefix("+"), !code.hasPrefix("-"),
                let decoded = UInt8(code, radix: 16)
            else { return nil }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
