public import Configuration
import Files
public import Redis

/// Where a town's Redis is, and who runs it: what the environment, `tinytown.toml` and the user's configuration say
/// together.
///
/// In this order: `REDIS_URL`; `[redis] url`; a host of another machine with `use_socket = false`: a server that
/// somebody else runs, and that is never started here. Then `use_central_redis`: one server for all towns of the
/// user. Then the town's own, on a Unix socket or, with `use_socket = false`, on a port. The password is
/// `TINYTOWN_REDIS_PASSWORD` before all others.
public struct RedisPlan: Sendable {
    /// Who runs the server.
    public enum Mode: String, Sendable, Equatable { case external, central, townSocket, townPort }

    /// Who runs the server.
    public let mode: Mode
    /// How it is reached. The password of a server of ours may still be unknown here: `connect` finds it.
    public let endpoint: RedisEndpoint
    /// The server where it is ours; nil for one that somebody else runs.
    public let server: ManagedServer?

    /// Reads what is configured; looks at no server and writes nothing.
    ///
    /// - Parameters:
    ///   - root: the town's folder.
    ///   - home: the user's folder, as `GlobalConfiguration.home`.
    /// - Throws: `ServerError` `configuration`.
    public init(
        _ configuration: RedisConfiguration, global: GlobalConfiguration = GlobalConfiguration(), root: String,
        home: String, environment: [String: String]
    ) throws(ServerError) {
        let secret = environment["TINYTOWN_REDIS_PASSWORD"].flatMap { $0.isEmpty ? nil : $0 }
        func written(_ text: String?) -> String? {
            guard let text, !text.allSatisfy(\.isWhitespace) else { return nil }
            return text
        }
        let tls = configuration.tls(root: root)
        if let (url, source) = written(environment["REDIS_URL"]).map({ ($0, "REDIS_URL") })
            ?? written(configuration.url).map({ ($0, "redis.url") })
        {
            var endpoint: RedisEndpoint
            do throws(RedisError) { endpoint = try RedisEndpoint(url: url) } catch {
                throw ServerError(.configuration, error.message, hint: "correct \(source)")
            }
            endpoint.user = endpoint.user ?? configuration.user
            endpoint.password = endpoint.password ?? secret ?? written(configuration.password)
            // A certificate in the configuration also serves a rediss:// address.
            if endpoint.tls != nil || configuration.usesTLS { endpoint.tls = tls ?? RedisTLS() }
            (mode, server, self.endpoint) = (.external, nil, endpoint)
            return
        }
        let usesSocket = configuration.useSocket ?? true
        let host = configuration.host ?? "127.0.0.1"
        let known = secret ?? written(configuration.password)
        let encryption = configuration.usesTLS ? tls ?? RedisTLS() : nil
        if !usesSocket, !Self.isThisMachine(host) {
            endpoint = RedisEndpoint(
                .tcp(host: host, port: configuration.port ?? 6379), user: configuration.user, password: known,
                tls: encryption)
            (mode, server) = (.external, nil)
            return
        }
        func value(_ key: String) -> String? { written(global.values.first { $0.key == key }?.value) }
        var settings = ManagedServer.Settings(
            folder: root + "/.tt/redis", listensOn: .socket(""), environment: environment, home: home)
        settings.synchronous = configuration.fsync == .always
        settings.user = configuration.user
        if configuration.useCentral {
            mode = .central
            let port = configuration.port ?? value("redis.port").flatMap { Int($0) } ?? 16_379
            settings.folder = home + "/redis"
            settings.listensOn = .port(host: value("redis.host") ?? "127.0.0.1", port: port, bind: "127.0.0.1")
            // One password for all towns: the user's own, before what a town happens to have a copy of.
            settings.passwords = [secret, value("redis.password")].compactMap { $0 }
            settings.otherPasswords = [written(configuration.password)].compactMap { $0 }
            settings.legacySnapshot = home + "/dump.rdb"
            settings.needsPassword = true
        } else if usesSocket {
            mode = .townSocket
            let path = configuration.socketPath
            settings.listensOn = .socket(path.hasPrefix("/") ? path : root + "/" + path)
            settings.passwords = [known].compactMap { $0 }
            settings.legacySnapshot = root + "/dump.rdb"
        } else {
            mode = .townPort
            settings.listensOn = .port(host: host, port: configuration.port ?? 6379, bind: configuration.bind)
            settings.passwords = [known].compactMap { $0 }
            settings.legacySnapshot = root + "/dump.rdb"
            settings.needsPassword = true
        }
        if encryption != nil {
            throw ServerError(
                .configuration, "redis.tls_enabled needs a server that you run; those that tt starts are local",
                hint: "set redis.url to its rediss:// address, or take tls_enabled out")
        }
        let server = ManagedServer(settings)
        (self.server, endpoint) = (server, server.endpoint)
    }

    /// A client of the server, which is started where it is ours and does not run; its version is checked.
    ///
    /// - Parameter patience: how long to go on trying where an external server does not answer: it may just be started
    ///   anew.
    /// - Throws: `ServerError`; `RedisError` where a server answers, but not as it should, or an external one does not.
    public func connect(
        _ options: RedisOptions = RedisOptions(), patience: Duration = .zero
    ) async throws -> RedisClient {
        let client: RedisClient
        if let server {
            client = try await server.client(options)
        } else {
            client = RedisClient(endpoint, options: options)
            let end = ContinuousClock.now.advanced(by: patience)
            while true {
                do throws(RedisError) {
                    try await client.connect()
                    break
                } catch {
                    guard error.code == .unavailable, .now < end else {
                        client.close()
                        throw error
                    }
                    // A server tells nobody that it is there again.
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
        }
        do { try await client.checkVersion() } catch {
            client.close()
            throw error
        }
        return client
    }

    static func isThisMachine(_ host: String) -> Bool {
        host.lowercased() == "localhost" || host == "::1" || host == "[::1]" || host.hasPrefix("127.")
    }
}

extension RedisConfiguration {
    fileprivate func tls(root: String) -> RedisTLS? {
        guard usesTLS || authority != nil || certificate != nil || key != nil || serverName != nil else { return nil }
        func path(_ path: String?) -> String? { path.map { $0.hasPrefix("/") ? $0 : root + "/" + $0 } }
        return RedisTLS(
            authority: path(authority), certificate: path(certificate), key: path(key), serverName: serverName)
    }
}
