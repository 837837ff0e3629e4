public import Files
import Model

/// The places in a town's folder. All of them are private to their owner.
public struct TownFiles: Sendable, Equatable {
    /// The town's folder, absolute.
    public var root: String

    public init(root: String) { self.root = root }

    public var configuration: String { root + "/" + TownConfiguration.fileName }
    /// Everything that is not for version control.
    public var state: String { root + "/.tt" }
    /// The embedded store.
    public var database: String { state + "/town.db" }
    public var logs: String { state + "/logs" }
    /// Files that prompts name, while their turns run.
    public var turns: String { state + "/turns" }
    /// Held by the background host while it lives.
    public var hostLock: String { state + "/host.lock" }
    /// Which process holds the lock only to let its turns end.
    public var hostDraining: String { state + "/host.draining" }
    /// There where somebody needs a host as soon as the draining one has ended.
    public var hostWanted: String { state + "/host.wanted" }
    public var hostLog: String { logs + "/host.log" }

    /// An agent's log, always inside `logs`, whatever its name (W22).
    public func log(agent name: String) -> String { logs + "/" + AgentName.fileName(name) + ".log" }

    /// The raw output of one round.
    public func log(agent name: String, round: Int) -> String {
        logs + "/\(AgentName.fileName(name))_round_\(round).log"
    }

    /// Removes the raw output of the rounds of an agent that had this name before.
    /// - Parameter others: names of agents whose own logs may look like such files.
    public func removeRounds(agent name: String, others: Set<String>) {
        let prefix = "\(name)_round_"
        for file in Files.names(in: logs) where file.hasPrefix(prefix) && file.hasSuffix(".log") {
            let stem = file.dropLast(4)
            let number = stem.dropFirst(prefix.count)
            guard !number.isEmpty, number.allSatisfy(\.isNumber), !others.contains(String(stem)) else { continue }
            Files.remove(logs + "/" + file)
        }
    }

    /// Makes the folders that do not exist.
    public func prepare() throws(FileError) {
        for folder in [state, logs, turns] { try Files.makeFolder(folder) }
    }

    /// Keeps `.tt` out of version control.
    /// - Returns: true where `.gitignore` had to be changed.
    public func ignoreInGit() throws(FileError) -> Bool {
        let path = root + "/.gitignore"
        let text = try Files.text(path) ?? ""
        let entries = text.split(whereSeparator: \.isNewline).map { $0.split(separator: " ").joined() }
        guard !entries.contains(where: { [".tt", ".tt/", "/.tt", "/.tt/"].contains($0) }) else { return false }
        let separator = text.isEmpty ? "" : text.hasSuffix("\n") ? "\n" : "\n\n"
        try Files.write(text + separator + "# State of the town\n.tt/\n", to: path, mode: 0o644)
        return true
    }
}
