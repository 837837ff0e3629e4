import Concurrency
import Configuration
import Engine
import Files
import Hosting
import Model
import Operations
import Processes
import Secrets

/// Runs the turns of a town's agents with what this machine has to give to them.
struct TurnService: Service {
    let town: OpenTown
    let host: Host
    let harnesses: any HarnessSource
    let environment: [String: String]
    let program: String?
    let adoptsOrphans: Bool
    /// Runs this agent alone.
    let only: AgentID?
    let echo: (@Sendable (String) -> Void)?
    let redactor: Redactor
    let log: @Sendable (String) -> Void
    /// Called once other hosts know of this one.
    let announced: @Sendable () -> Void

    var name: String { "the agents' turns" }
    /// The town says how long turns have to end.
    var grace: Duration? { nil }

    func start() async throws -> Work? {
        let files = TownFiles(root: town.root)
        // What a turn leaves behind when its keeper dies comes here, and is ended.
        if adoptsOrphans { Subreaper.enable() }
        // Prompts, and the store's password, are in this memory.
        CoreDumps.leaveNone(isSecret: adoptsOrphans)
        let relay = try await StoreRelay(town, host: host.id, environment: environment, log: log)
        var settings = HostSettings(town.configuration, memory: Machine.memory)
        settings.only = only
        let tools = TurnTools(
            store: town.store, harnesses: harnesses, time: town.time, random: town.random,
            journal: LogJournal(
                folder: files.logs, limit: town.configuration.logSizeMB * 1_000_000,
                generations: town.configuration.logsKept, redactor: redactor, echo: echo,
                onError: { log("a log cannot be written: \($0)") }
            ),
            files: TurnFolders(root: files.turns),
            town: TurnContext(
                name: town.name, root: town.root, environment: turnEnvironment(relay),
                scratchFolder: files.turns.path),
            settings: settings, redactor: redactor, secrets: SystemSecrets())
        let janitor = TownJanitor()
        // On one machine, the leases of a dead host still tell what it left behind.
        if settings.renewsHost {
            do {
                try await janitor.endLostTurns(of: town.root, folders: files.turns.path) {
                    try await town.store.leases()
                }
            } catch {
                relay?.close()
                throw error
            }
        }
        return { stopping in
            defer { relay?.close() }
            // Where the bell is heard the lease is taken: a change of threads costs as much as the lease itself. What
            // the host does there does not block; turns run elsewhere.
            try await withTaskExecutorPreference(Reactor.shared) {
                try await HostLoop(tools: tools, janitor: janitor, host: host).run(
                    until: stopping, announced: announced)
            }
        }
    }

    /// Agents call `tt` by its name: the one that runs them comes first.
    private func turnEnvironment(_ relay: StoreRelay?) -> [String: String] {
        var variables = relay?.environment ?? [:]
        variables["TINYTOWN_TOWN"] = town.root
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        variables["PATH"] = (program ?? Executable.currentPath).map { Files.parent(of: $0) + ":" + path } ?? path
        return variables
    }
}
