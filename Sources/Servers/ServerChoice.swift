public import Configuration
import Peers
public import Redis

/// Where a town's Redis is, and who runs it: what the environment, `tinytown.toml` and the user's configuration say
/// together.
///
/// In this order: `REDIS_URL`; `[redis] url`; a host of another machine with `use_socket = false`: a server that
/// somebody else runs, and that is never started here. Then `use_central_redis`: one server for all towns of the
/// user. Then the town's own. A server that is started here listens on a Unix socket, unless the user's own
/// configuration asks for a port.
///
/// Each password is sent only to the server that it belongs to. `TINYTOWN_REDIS_PASSWORD` belongs to `REDIS_URL`, else to
/// the servers that tt starts; an address that only `tinytown.toml` names gets it encrypted, or on this machine from a
/// server of this user.
public struct ServerChoice: Sendable {
    /// Who runs the server.
    public enum Mode: String, Sendable, Equatable { case external, central, townSocket, townPort }

    /// Who runs the server.
    public let mode: Mode
    /// How it is reached. The password of a server of ours may still be unknown here: `connect` finds it.
    public private(set) var endpoint: RedisEndpoint
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
        let user = UserRedis(global)
        let town = TownRedis(configuration, root: root)
        let secret = Self.written(environment["TINYTOWN_REDIS_PASSWORD"])
        if let url = Self.written(environment["REDIS_URL"]) {
            var endpoint = try town.endpoint(url, from: "REDIS_URL")
            // What the file says is for the file's address.
            endpoint.password = endpoint.password ?? secret
            self.init(external: endpoint, user)
        } else if let url = Self.written(configuration.url) {
            self.init(external: town.giving(secret, to: try town.endpoint(url, from: "redis.url")), user)
        } else if let host = configuration.host, configuration.useSocket == false, !MachineAddress.isThisMachine(host) {
            let endpoint = RedisEndpoint(
                .tcp(host: host, port: configuration.port ?? 6379), user: configuration.user, tls: town.encryption)
            self.init(external: town.giving(secret, to: endpoint), user)
        } else if configuration.useCentral, let host = user.host, !MachineAddress.isThisMachine(host) {
            self.init(
                external: RedisEndpoint(
                    .tcp(host: host, port: user.port ?? 16_379), user: configuration.user,
                    password: secret ?? user.password, tls: town.encryption), user)
        } else {
            if town.encryption != nil {
                throw ServerError(
                    .configuration, "redis.tls_enabled needs a server that you run; those that tt starts are local",
                    hint: "set redis.url to its rediss:// address, or take tls_enabled out")
            }
            var settings = ManagedServer.Settings(
                folder: configuration.useCentral ? home + "/redis" : root + "/.tt/redis", listensOn: .socket(""),
                environment: environment, home: home)
            settings.root = configuration.useCentral ? home : root
            settings.synchronous = configuration.fsync == .always
            settings.user = configuration.user
            if configuration.useCentral {
                town.place(central: &settings, home: home, secret, user)
            } else {
                try town.place(own: &settings, secret, user)
            }
            self.init(managed: ManagedServer(settings), isCentral: configuration.useCentral)
        }
    }

    private init(managed server: ManagedServer, isCentral: Bool) {
        mode =
            switch server.settings.listensOn {
            case _ where isCentral: .central
            case .socket: .townSocket
            case .port: .townPort
            }
        (self.server, endpoint) = (server, server.endpoint)
    }

    /// A server that a host relays.
    public init(relay endpoint: RedisEndpoint) {
        (mode, server, self.endpoint) = (.external, nil, endpoint)
    }

    private init(external endpoint: RedisEndpoint, _ user: UserRedis) {
        (mode, server, self.endpoint) = (.external, nil, endpoint)
        self.endpoint.allowsPlaintext = user.allowsPlaintext
    }

    /// Text that says something.
    static func written(_ text: String?) -> String? {
        guard let text, !text.allSatisfy(\.isWhitespace) else { return nil }
        return text
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
}
