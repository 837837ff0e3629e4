import Files
public import Model
import Processes

/// Knows which hosts live on this machine, and ends what dead ones left behind.
public struct TownJanitor: ProcessJanitor {
    /// The variable that every process of a turn has in its environment.
    public static let marker = "TINYTOWN_TURN"

    public init() {}

    public func isAlive(_ host: Host) -> Bool? { Machine.isAlive(host) }

    public func waitForEnd(of host: Host) async throws {
        guard let isAlive = Machine.isAlive(host) else {
            // The number of a process of another machine means nothing here, and nobody tells of its end.
            let (never, end) = AsyncStream.makeStream(of: Never.self)
            defer { end.finish() }
            for await _ in never {}
            throw CancellationError()
        }
        guard isAlive, let process = ProcessIdentity(host.process) else { return }
        try await process.waitForExit()
    }

    /// Ends what is left here of turns that passed over to another machine after their host had died: nobody there could
    /// reach it, and nobody here knew.
    /// - Parameters:
    ///   - root: the town's folder.
    ///   - folders: where each turn of this machine has a folder of its own.
    ///   - leases: reads those that hold now. Read after the processes: what has a process then has a lease, or has lost it.
    public func endLostTurns(of root: String, folders: String, leases: () async throws -> [LeaseRecord]) async rethrows
    {
        let values = await ProcessTree.values(of: Self.marker, withEnvironment: "TINYTOWN_TOWN=\(root)")
        // A turn whose processes have dropped their environment is known by its folder.
        let found = values.union(Files.names(in: folders)).compactMap { TurnID($0) }
        guard !found.isEmpty else { return }
        let held = Set(try await leases().map(\.token.turn))
        await endSurvivors(of: found.filter { !held.contains($0) })
    }

    public func endSurvivors(of turns: [TurnID]) async {
        for turn in turns {
            _ = await ProcessTree.terminate(marker: "\(Self.marker)=\(turn)", keeper: Keeper(turn.description))
        }
    }
}
