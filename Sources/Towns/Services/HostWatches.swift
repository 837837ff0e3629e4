import Concurrency
import Configuration
import Files
import Operations
import Processes

/// Ends the host of a town whose folder was removed: its lock protects nothing any more.
struct FolderWatch: Service {
    let files: TownFiles
    let ending: HostEnding

    var name: String { "the watch of the town's folder" }

    func start() -> Work? {
        let lock = files.hostLock
        guard let bell = try? FileBell(folder: files.state, file: lock.name, removals: true) else { return nil }
        return { stopping in
            try await stopping.interrupting {
                for await _ in bell.rings where !lock.exists { ending.ask("the town's folder is gone") }
            }
        }
    }
}

/// Ends the town's own server if its folder was removed: it would run for ever on data that is gone, and nobody could
/// reach it.
struct ServerWatch: Service {
    let town: OpenTown
    let files: TownFiles
    let environment: [String: String]

    var name: String { "the watch of the town's server" }

    func start() async -> Work? {
        guard let server = try? TownServer(town.configuration, files, environment: environment), server.isPrivate,
            Files.parent(of: server.folder) == files.state,
            // Known before the host is announced: removing the town from then on removes the socket as well.
            let process = await server.servingProcess(),
            let bell = try? FileBell(folder: files.state, file: Files.name(of: server.folder), removals: true)
        else { return nil }
        return { stopping in
            let watching = Task {
                for await _ in bell.rings where !Files.exists(server.folder) {
                    process.send(.kill)
                    return
                }
            }
            for await _ in stopping {}
            // Where the town's folder is being removed, its server's may be the last to go.
            if files.hostLock.exists { watching.cancel() }
            await withTaskCancellationHandler {
                await watching.value
            } onCancel: {
                watching.cancel()
            }
        }
    }
}

/// Starts a background host if a turn's command asks for one: a host that the turn started would end with the turn.
struct WantedWatch: Service {
    let town: OpenTown
    let files: TownFiles
    let launcher: HostLauncher
    let log: @Sendable (String) -> Void

    var name: String { "the watch for turns that need a host" }

    func start() -> Work? {
        let wanted = files.hostWanted
        guard let bell = try? FileBell(folder: files.state, file: wanted.name) else { return nil }
        return { stopping in
            try await stopping.interrupting {
                for await _ in bell.rings where wanted.exists {
                    do { try await launcher.ensureHost(for: town) } catch {
                        log("no background host could be started: \(error)")
                    }
                }
            }
        }
    }
}
