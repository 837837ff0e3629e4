import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A server program that tests may start.
public struct ServerProgram: Sendable, Hashable, CustomStringConvertible {
    /// `redis-7`, `redis-8` or `valkey-9`.
    public let name: String
    /// Its path.
    public let path: String

    public var description: String { name }

    /// The system's server.
    public static let system = ServerProgram(name: "redis-7", path: "/usr/bin/redis-server")

    /// All that the product is tested with: the system's, and what Tests/Servers/fetch.py has put into .build/servers.
    ///
    /// In CI, where `CI` is `true`, those that are missing are in the list as well, so that their tests fail.
    public static let all: [ServerProgram] = {
        let wanted = [
            system, ServerProgram(name: "redis-8", path: folder + "/redis-8"),
            ServerProgram(name: "valkey-9", path: folder + "/valkey-9"),
        ]
        return isCI ? wanted : wanted.filter { access($0.path, X_OK) == 0 }
    }()

    /// The first that is there; for tests that mean no server in particular.
    public static var any: ServerProgram { all.first ?? system }

    /// A Redis 6.2, which the product refuses; it has to be there.
    public static let tooOld = ServerProgram(name: "redis-6", path: folder + "/redis-6")

    private static let folder: String = {
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/.build/servers"
    }()
}
