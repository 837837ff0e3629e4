public import Engine
public import Model
import Processes

/// Knows which hosts live on this machine, and ends what dead ones left behind.
public struct TownJanitor: ProcessJanitor {
    /// The variable that every process of a turn has in its environment.
    public static let marker = "TINYTOWN_TURN"

    public init() {}

    public func isAlive(_ host: Host) -> Bool? { Machine.isAlive(host) }

    public func waitForEnd(of host: Host) async throws {
        guard let process = ProcessIdentity(host.process) else { return }
        try await process.waitForExit()
    }

    public func endSurvivors(of turns: [TurnID]) async {
        for turn in turns { _ = await ProcessTree.terminate(marker: "\(Self.marker)=\(turn)") }
    }
}
