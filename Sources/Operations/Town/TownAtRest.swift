import Configuration
public import Model
import Processes

/// For what replaces or moves a whole town: no host may work in it meanwhile.
public enum TownAtRest {
    /// Runs `body` while no host works in the town and no background host can begin.
    /// - Parameter body: gets the hosts that died and are still on the town's list.
    /// - Throws: `OperationError` (`conflict`) where a host works; `FileError`; what `body` throws.
    public static func hold<Result>(_ town: OpenTown, _ body: (Set<HostID>) async throws -> Result) async throws
        -> Result
    {
        let files = TownFiles(root: town.root)
        try files.prepare()
        // The holder of this lock is the background host; while we hold it, none can begin.
        guard let lock = try FileLock.tryAcquire(files.hostLock, text: "\(ProcessIdentity.current)\n") else {
            throw inUse
        }
        defer { withExtendedLifetime(lock) {} }
        return try await body(try await deadHosts(in: town.store, of: town))
    }

    /// The hosts on a store's list, all of which have died.
    /// - Throws: `OperationError` (`conflict`) where one lives.
    public static func deadHosts(in store: any HostStore, of town: OpenTown) async throws -> Set<HostID> {
        let hosts = try await store.hosts()
        guard !hosts.contains(where: { town.liveness(of: $0).isAlive }) else { throw inUse }
        return Set(hosts.map(\.id))
    }

    private static var inUse: OperationError {
        OperationError(
            .conflict, "a host works in this town; nothing was changed",
            .operation("agent.stop_all", why: "end it first"))
    }
}
