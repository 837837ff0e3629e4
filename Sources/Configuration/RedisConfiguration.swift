/// What `tinytown.toml` says about Redis or Valkey. Where the server is follows from all of it together.
public struct RedisConfiguration: Sendable, Equatable {
    /// When a server of ours writes to the disk.
    public enum Fsync: String, Sendable, CaseIterable {
        /// Once a second: a crash of the machine may lose the last second.
        case everysec
        /// Before each answer.
        case always
    }

    /// The address of a server that somebody else runs.
    public var url: String?
    /// One server for all towns of the user.
    public var useCentral = false
    /// A server for this town alone on a Unix socket; otherwise on `host` and `port`. Nil: yes.
    public var useSocket: Bool?
    /// Relative to the town.
    public var socketPath = ".tt/redis.sock"
    /// Nil: `127.0.0.1`. One of another machine means a server that somebody else runs.
    public var host: String?
    /// Nil: 6379, or 16379 for the central one.
    public var port: Int?
    /// The address that a server of ours listens on.
    public var bind = "127.0.0.1"
    public var user: String?
    public var password: String?
    public var usesTLS = false
    /// PEM files, relative to the town: of the authority to trust, and the client's own certificate and key.
    public var authority: String?
    public var certificate: String?
    public var key: String?
    /// The name in the server's certificate, where it is not its host.
    public var serverName: String?
    public var fsync = Fsync.everysec

    /// The defaults.
    public init() {}
}
