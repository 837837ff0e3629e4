public import Files
import Model

/// The places in a town's folder. All of them are private to their owner.
///
/// What is beneath `.tt` is a `SafePath`: nothing there is reached through a link, whatever a cloned repository brought.
public struct TownFiles: Sendable, Equatable {
    /// The town's folder, absolute.
    public var root: String

    public init(root: String) { self.root = root }

    public var configuration: String { root + "/" + TownConfiguration.fileName }
    /// Everything that is not for version control, as a path to show. Files in it are named by `file`.
    public var state: String { root + "/.tt" }

    /// A file or folder beneath `.tt`.
    public func file(_ name: String) -> SafePath { SafePath(".tt/" + name, in: root) }

    /// The embedded store.
    public var database: SafePath { file("town.db") }
    public var logs: SafePath { file("logs") }
    /// Files that prompts name, while their turns run.
    public var turns: SafePath { file("turns") }
    /// Held by the background host while it lives.
    public var hostLock: SafePath { file("host.lock") }
    /// Which process holds the lock only to let its turns end.
    public var hostDraining: SafePath { file("host.draining") }
    /// There where somebody needs a host as soon as the draining one has ended.
    public var hostWanted: SafePath { file("host.wanted") }
    /// Which process starts the background host again if that dies.
    public var hostGuardian: SafePath { file("host.guardian") }
    /// There where hosts died one after the other: what the guardian says of it.
    public var hostTrouble: SafePath { file("host.trouble") }
    /// The `PATH` of the last shell that found an agent CLI which the earlier one did not.
    public var knownPath: SafePath { file("path") }
    public var hostLog: SafePath { file("logs/host.log") }

    /// An agent's log, always inside `logs`, whatever its name (W22).
    public func log(agent name: String) -> SafePath { logs.appending(AgentName.fileName(name) + ".log") }

    /// The raw output of an agent's turn, counted from 1.
    public func output(agent name: String, turn number: Int) -> SafePath {
        logs.appending("\(AgentName.fileName(name))_round_\(number).log")
    }

    /// Removes the raw output of the turns of an agent that had this name before.
    /// - Parameter others: names of agents whose own logs may look like such files.
    public func removeRounds(agent name: String, others: Set<String>) {
        let prefix = "\(name)_round_"
        for file in logs.names where file.hasPrefix(prefix) && file.hasSuffix(".log") {
            let stem = file.dropLast(4)
            let number = stem.dropFirst(prefix.count)
            guard !number.isEmpty, number.allSatisfy(\.isNumber), !others.contains(String(stem)) else { continue }
            logs.appending(file).remove()
        }
    }

    /// Makes the folders that do not exist, and keeps `.tt` out of version control from within: the user's own
    /// `.gitignore` is never written.
    /// - Throws: `FileError` where one of them is a link or another user's.
    public func prepare() throws(FileError) {
        for folder in [logs, turns] { try folder.makeFolder() }
        SafePath(".tt", in: root).closeToOthers()
        let ignore = file(".gitignore")
        // Whatever has that name stays: somebody may want a part of the folder in a repository.
        if !ignore.exists { try ignore.write("*\n", mode: 0o600) }
    }
}
