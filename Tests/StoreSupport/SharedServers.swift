import Concurrency
import Processes
public import RedisServers
import Synchronization
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One server of each kind for the whole run; a town's name keeps tests apart.
public actor Servers {
    /// Those of this run.
    public static let shared = Servers()
    private var servers: [ServerProgram: Task<PrivateServer, any Error>] = [:]

    /// The running server of a kind; the first call starts it.
    public func server(_ program: ServerProgram) async throws -> PrivateServer {
        if let starting = servers[program] { return try await starting.value }
        let starting = Task {
            let server = try await PrivateServer(program)
            running.withLock { $0.append(server) }
            return server
        }
        if servers.isEmpty { atexit(endServers) }
        servers[program] = starting
        return try await starting.value
    }
}

// Nobody owns what is used to the end of the run, so it is ended with the process.
private let running = Mutex<[PrivateServer]>([])

private func endServers() {
    for server in running.withLock({ $0 }) {
        server.process?.signal(.kill)
        for name in ["redis.sock", "server.log"] { unlink(server.folder.path(name)) }
        rmdir(server.folder.path)
    }
}
