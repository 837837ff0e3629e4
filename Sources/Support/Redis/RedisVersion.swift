/// What kind of server answers, and which version.
public struct RedisVersion: Sendable, Hashable, CustomStringConvertible {
    /// The two families that speak the protocol.
    public enum Product: String, Sendable { case redis = "Redis", valkey = "Valkey" }

    public var product: Product
    public var major: Int
    public var minor: Int
    public var patch: Int

    public init(_ product: Product, _ major: Int, _ minor: Int, _ patch: Int = 0) {
        (self.product, self.major, self.minor, self.patch) = (product, major, minor, patch)
    }

    /// Reads the answer to `INFO server`; nil where it holds no version.
    public init?(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        // Valkey also says which Redis it is compatible with.
        if let text = fields["valkey_version"] {
            self.init(.valkey, text)
        } else if let text = fields["redis_version"] {
            self.init(.redis, text)
        } else {
            return nil
        }
    }

    /// Reads the output of `redis-server --version` or `valkey-server --version`; nil where it holds no version.
    public init?(programOutput: String) {
        let isValkey = programOutput.lowercased().contains("valkey")
        guard let word = programOutput.split(whereSeparator: \.isWhitespace).first(where: { $0.hasPrefix("v=") }) else {
            return nil
        }
        self.init(isValkey ? .valkey : .redis, word.dropFirst(2))
    }

    private init?(_ product: Product, _ text: Substring) {
        // fits: a text, so that the result is optional
        let numbers = text.split(separator: ".").map { Int($0.prefix { $0.isNumber }) }
        guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        self.init(product, major, minor, numbers.count > 2 ? numbers[2] ?? 0 : 0)
    }

    /// The oldest that is supported: Redis 7.0, Valkey 7.2.
    public static func oldest(of product: Product) -> RedisVersion {
        product == .redis ? RedisVersion(.redis, 7, 0) : RedisVersion(.valkey, 7, 2)
    }

    /// Whether it is new enough.
    public var isSupported: Bool {
        let oldest = Self.oldest(of: product)
        return (major, minor) >= (oldest.major, oldest.minor)
    }

    /// `Redis 7.0.15`.
    public var description: String { "\(product.rawValue) \(major).\(minor).\(patch)" }
}

extension RedisClient {
    /// Asks the server for its version, and waits while it loads its data.
    ///
    /// - Parameter patience: how long to wait for a server that loads.
    /// - Throws: `tooOld`; `loading` when the patience is at its end; anything that a request throws.
    @discardableResult
    public func checkVersion(patience: Duration = .seconds(10)) async throws(RedisError) -> RedisVersion {
        try await waitUntilLoaded(patience: patience)
        let info = try await send(RedisCommand("INFO", "server").repeatable)
        guard let version = RedisVersion(info: info.text ?? "") else {
            throw RedisError(.protocolViolation, "\(endpoint) does not say which version it is")
        }
        guard version.isSupported else {
            throw RedisError(
                .tooOld,
                "\(endpoint) is \(version), which is too old: Redis 7.0 or Valkey 7.2 is needed, or anything newer")
        }
        return version
    }

    /// Returns once the server answers requests about its data.
    ///
    /// - Throws: `loading` when the patience is at its end; anything that a request throws.
    public func waitUntilLoaded(patience: Duration = .seconds(10)) async throws(RedisError) {
        let end = ContinuousClock.now.advanced(by: patience)
        var backoff = Backoff(first: .milliseconds(20), longest: .milliseconds(500))
        while true {
            do throws(RedisError) {
                try await send(RedisCommand("PING").repeatable)
                return
            } catch {
                // The server tells nobody when it is done; asking is the only way.
                guard error.code == .loading, .now < end else { throw error }
                do { try await Task.sleep(for: backoff.next()) } catch { throw .wasCancelled(mayHaveRun: false) }
            }
        }
    }
}
