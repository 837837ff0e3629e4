import Configuration
import Files
import Operations
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

    /// What belongs to the user and to no town.
    var user: UserHome {
        .local(
            environment: environment, folder: parts.folder, admission: parts.admission, janitor: parts.janitor,
            time: parts.time, openStore: parts.openStore, explain: { CommandFailure($0).text })
    }

    /// Carries out an operation that needs no town.
    func call<Called: UserOperation>(_ operation: Called.Type, _ input: Called.Input) async throws -> Called.Output {
        try await Called.call(input, for: user)
    }

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
