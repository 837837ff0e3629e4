import Configuration
import Files
import Terminal
import Towns

/// What is around a command: people, folders, and a server.
extension CommandContext {
    /// One line on standard error; nothing with `--json`.
    func warn(_ message: String) {
        if !wantsJSON { console.writeError("warning: \(TerminalText.line(message))\n") }
    }

    /// The user's folder for what belongs to no town.
    var home: String { GlobalConfiguration.home(environment) }

    /// The path as a person would type it here.
    func relative(_ path: String) -> String {
        let folder = (try? Files.canonical(parts.folder)) ?? parts.folder
        return path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
    }

    /// The same, marked as a path of this folder.
    func shown(_ path: String) -> String {
        let path = relative(path)
        return path.hasPrefix("/") ? path : "./" + path
    }

    /// The server that tt runs for this town, or for all towns of this user.
    /// - Throws: `OperationError` (`conflict`) where there is none.
    func townServer() async throws -> TownServer {
        let root = try townRoot()
        let (configuration, _) = try TownConfiguration.load(root: root)
        _ = try await admit(root, configuration, runs: true)
        return try TownServer(configuration, TownFiles(root: root), environment: environment)
    }
}
