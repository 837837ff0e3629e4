import Configuration
import Peers
import Redis

/// What a town's `tinytown.toml` says about Redis. A repository may have brought it, so it opens no port and gets no
/// secret of the user by itself.
struct TownRedis: Sendable {
    private let configuration: RedisConfiguration
    private let root: String
    private let tls: RedisTLS?

    init(_ configuration: RedisConfiguration, root: String) {
        self.configuration = configuration
        self.root = root
        tls = configuration.tls(root: root)
    }

    /// Encryption where the file asks for it.
    var encryption: RedisTLS? { configuration.usesTLS ? tls ?? RedisTLS() : nil }

    private var password: String? { ServerChoice.written(configuration.password) }

    /// Reads an address.
    /// - Parameter source: what it was read from.
    func endpoint(_ url: String, from source: String) throws(ServerError) -> RedisEndpoint {
        var endpoint: RedisEndpoint
        do throws(RedisError) { endpoint = try RedisEndpoint(url: url) } catch {
            throw ServerError(.configuration, error.message, hint: "correct \(source)")
        }
        endpoint.user = endpoint.user ?? configuration.user
        // A certificate in the configuration also serves a rediss:// address.
        if endpoint.tls != nil || configuration.usesTLS { endpoint.tls = tls ?? RedisTLS() }
        return endpoint
    }

    /// An address of the file with the password that it may have.
    /// - Parameter secret: the user's, which the file must not carry off.
    func giving(_ secret: String?, to endpoint: RedisEndpoint) -> RedisEndpoint {
        guard endpoint.password == nil else { return endpoint }
        var endpoint = endpoint
        endpoint.password = secret ?? password
        if secret != nil {
            endpoint.owner = .thisUser(
                advice: "to send it TINYTOWN_REDIS_PASSWORD all the same, set REDIS_URL to this address")
        }
        return endpoint
    }

    /// The user's central server; the file has no say in where it is.
    func place(central settings: inout ManagedServer.Settings, home: String, _ secret: String?, _ user: UserRedis) {
        let socket = ManagedServer.Listening.socket(home + "/redis/redis.sock")
        let host = user.host ?? "127.0.0.1"
        let port = ManagedServer.Listening.port(
            host: host, port: user.port ?? 16_379, bind: host == "localhost" ? "127.0.0.1" : host)
        settings.listensOn = user.wantsCentralPort ? port : socket
        settings.earlier = [user.wantsCentralPort ? socket : port]
        if let number = configuration.port, number != user.port ?? 16_379 {
            settings.earlier.append(.port(host: "127.0.0.1", port: number, bind: "127.0.0.1"))
        }
        // One password for all towns: the user's own, before what a town happens to have a copy of.
        settings.passwords = [secret, user.password].compactMap { $0 }
        settings.otherPasswords = [password].compactMap { $0 }
        settings.legacySnapshot = home + "/dump.rdb"
        settings.needsPassword = true
    }

    /// The town's own server.
    func place(own settings: inout ManagedServer.Settings, _ secret: String?, _ user: UserRedis) throws(ServerError) {
        let path = configuration.socketPath
        guard !path.split(separator: "/").contains("..") else {
            throw ServerError(
                .configuration, "redis.socket_path must not leave the town's folder", hint: "take the '..' out")
        }
        let socket = ManagedServer.Listening.socket(path.hasPrefix("/") ? path : root + "/" + path)
        settings.listensOn = socket
        settings.passwords = [secret ?? password].compactMap { $0 }
        settings.legacySnapshot = root + "/dump.rdb"
        settings.mayReadLegacy = user.dumpFolder == root
        guard configuration.useSocket == false else { return }
        let port = ManagedServer.Listening.port(
            host: configuration.host ?? "127.0.0.1", port: configuration.port ?? 6379, bind: configuration.bind)
        guard user.usesPort else {
            settings.earlier = [port]
            return
        }
        guard MachineAddress.isThisMachine(configuration.bind) || configuration.bind == user.bind else {
            throw ServerError(
                .configuration, "redis.bind = \"\(configuration.bind)\" would open the town's server to other machines",
                hint: "if you want that, run: tt config redis.bind \(configuration.bind)")
        }
        settings.listensOn = port
        settings.earlier = [socket]
        settings.needsPassword = true
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
