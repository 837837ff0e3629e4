import Concurrency
public import Configuration
import Engine
import Files
import Hosting
public import Model
public import Operations
import Processes
import Secrets

/// A host in this process: the engine with everything that this machine has to give to it.
public struct HostRun: Sendable {
    public let town: Town
    private let harnesses: any HarnessSource
    private let environment: [String: String]
    private let program: String?
    private let adoptsOrphans: Bool
    /// Tells people what happens.
    private let log: @Sendable (String) -> Void
    /// Knows every secret that this host has.
    private let redactor: Redactor
    private let janitor = TownJanitor()

    /// - Parameters:
    ///   - global: the user's own configuration.
    ///   - environment: of which turns inherit what they need.
    ///   - program: the `tt` that agents call; nil means the running program.
    ///   - adoptsOrphans: what a turn leaves behind when its keeper dies becomes a child of this process and is ended.
    ///     False for a process that starts children of its own.
    ///   - log: told in one line of what a person may want to know.
    public init(
        _ town: Town, global: GlobalConfiguration, environment: [String: String], program: String? = nil,
        adoptsOrphans: Bool = true, log: @escaping @Sendable (String) -> Void
    ) {
        self.town = town
        self.program = program
        self.adoptsOrphans = adoptsOrphans
        self.environment = environment
        let redactor = Redactor(
            Secret.among(environment) + town.configuration.secrets + global.secrets
                + TownServer.secrets(town.configuration, TownFiles(root: town.root), environment: environment))
        self.redactor = redactor
        self.log = { log(redactor.redacted($0)) }
        harnesses = CurrentHarnesses(town, global: global, environment: environment)
    }

    /// Serves every agent of the town until no live one is left or `ending` asks. Where another process holds the
    /// town's lock already, that one serves, and this returns at once.
    /// - Parameter guardian: what starts a host again if this process dies; nil for a process that is not only a host.
    public func background(_ ending: HostEnding, guardian: HostGuard? = nil) async throws {
        do {
            try await serveAll(ending, guardian)
            await guardian?.end()
        } catch {
            await guardian?.fails()
            throw error
        }
    }

    private func serveAll(_ ending: HostEnding, _ guardian: HostGuard?) async throws {
        let files = TownFiles(root: town.root)
        try files.prepare()
        repeat {
            guard let lock = try FileLock.tryAcquire(files.hostLock, text: "\(ProcessIdentity.current)\n") else {
                return log("another host serves \(town.name)")
            }
            files.hostWanted.remove()
            log("host of \(town.name) starts as process \(ProcessIdentity.current.pid)")
            guardian?.begin()
            let watch = watchTown(files, ending)
            let serverWatch = await watchServer(files)
            defer { watch?.cancel() }
            let host = Machine.host(random: town.random, now: town.time.now(), isForeground: false)
            do { try await serve(host, only: nil, echo: nil, ending) { guardian?.serves() } } catch {
                await finish(serverWatch, files)
                throw error
            }
            await finish(serverWatch, files)
            log(ending.reason.map { "host ends on \($0)" } ?? "host ends: no live agent is left")
            lock.release()
            // An agent that was added while the lock was held was left to this host by the command that added it.
        } while try await isNeeded(ending)
    }

    /// A town whose folder was removed needs no host: its lock protects nothing any more.
    private func watchTown(_ files: TownFiles, _ ending: HostEnding) -> Task<Void, Never>? {
        let lock = files.hostLock
        guard let bell = try? FileBell(folder: files.state, file: lock.name, removals: true) else {
            return nil
        }
        return Task {
            for await _ in bell.rings where !lock.exists {
                ending.ask("the town's folder is gone")
            }
        }
    }

    /// The town's own server would run for ever on data that is gone, and nobody could reach it.
    private func watchServer(_ files: TownFiles) async -> Task<Void, Never>? {
        guard let server = try? TownServer(town.configuration, files, environment: environment), server.isPrivate,
            Files.parent(of: server.folder) == files.state,
            // Known before the host is announced: removing the town from then on removes the socket as well.
            let process = await server.servingProcess(),
            let bell = try? FileBell(folder: files.state, file: Files.name(of: server.folder), removals: true)
        else { return nil }
        return Task {
            for await _ in bell.rings where !Files.exists(server.folder) {
                process.send(.kill)
                return
            }
        }
    }

    /// Where the town's folder is being removed, its server's may be the last to go.
    private func finish(_ serverWatch: Task<Void, Never>?, _ files: TownFiles) async {
        guard let serverWatch else { return }
        if !files.hostLock.exists {
            let limit = Task {
                try? await Task.sleep(for: .seconds(5))
                serverWatch.cancel()
            }
            await serverWatch.value
            limit.cancel()
        }
        serverWatch.cancel()
    }

    /// Runs one agent in this process until it ends or `ending` asks.
    /// - Parameter echo: shows each line of the agent's log.
    public func foreground(
        _ agent: AgentID, host: Host, echo: @escaping @Sendable (String) -> Void, _ ending: HostEnding
    ) async throws {
        let files = TownFiles(root: town.root)
        try files.prepare()
        let watch = watchWanted(files)
        defer { watch?.cancel() }
        try await serve(host, only: agent, echo: echo, ending)
    }

    /// A background host that a turn started would end with the turn, so the turn's commands ask this process for one.
    private func watchWanted(_ files: TownFiles) -> Task<Void, Never>? {
        guard let bell = try? FileBell(folder: files.state, file: files.hostWanted.name) else { return nil }
        let launcher = program.map { HostLauncher(program: $0, environment: environment) } ?? .current(environment)
        return Task {
            for await _ in bell.rings where files.hostWanted.exists {
                do { try await launcher.ensureHost(for: town) } catch {
                    log("no background host could be started: \(error)")
                }
            }
        }
    }

    private func serve(
        _ host: Host, only: AgentID?, echo: (@Sendable (String) -> Void)?, _ ending: HostEnding,
        announced: @escaping @Sendable () -> Void = {}
    ) async throws {
        let files = TownFiles(root: town.root)
        // What a turn leaves behind when its keeper dies comes here, and is ended.
        if adoptsOrphans { Subreaper.enable() }
        // Prompts, and the store's password, are in this memory.
        CoreDumps.leaveNone(isSecret: adoptsOrphans)
        let relay = try await StoreRelay(town, host: host.id, environment: environment, log: log)
        defer { relay?.close() }
        var settings = HostSettings(town.configuration, memory: Machine.memory)
        settings.only = only
        let log = log
        let tools = TurnTools(
            store: town.store, harnesses: harnesses, time: town.time, random: town.random,
            journal: LogJournal(
                folder: files.logs, limit: town.configuration.logSizeMB * 1_000_000,
                generations: town.configuration.logsKept, redactor: redactor, echo: echo,
                onError: { log("a log cannot be written: \($0)") }
            ),
            files: TurnFolders(root: files.turns),
            town: HostTown(
                name: town.name, root: town.root, environment: turnEnvironment(relay),
                scratchFolder: files.turns.path),
            settings: settings, redactor: redactor, secrets: SystemSecrets())
        // On one machine, the leases of a dead host still tell what it left behind.
        if settings.renewsHost {
            try await janitor.endLostTurns(of: town.root, folders: files.turns.path) { try await town.store.leases() }
        }
        let tidying = Task { await tidyDaily() }
        defer { tidying.cancel() }
        // Where the bell is heard the lease is taken: a change of threads costs as much as the lease itself. What the
        // host does there does not block; turns run elsewhere.
        try await withTaskExecutorPreference(Reactor.shared) {
            try await TownHost(tools: tools, janitor: janitor, host: host).run(
                until: ending.stream, announced: announced)
        }
    }

    private func tidyDaily() async {
        let retention = Retention(doneMessages: town.configuration.keepDone, events: town.configuration.keepEvents)
        repeat {
            do { try await town.store.tidy(retention, now: town.time.now()) } catch {
                log("old messages and events could not be removed: \(error)")
            }
        } while (try? await town.time.sleep(for: .seconds(86_400))) != nil
    }

    /// Agents call `tt` by its name: the one that runs them comes first.
    private func turnEnvironment(_ relay: StoreRelay?) -> [String: String] {
        var variables = relay?.environment ?? [:]
        variables["TINYTOWN_TOWN"] = town.root
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        variables["PATH"] = (program ?? Executable.currentPath).map { Files.parent(of: $0) + ":" + path } ?? path
        return variables
    }

    private func isNeeded(_ ending: HostEnding) async throws -> Bool {
        guard ending.reason == nil else { return false }
        let alive = Set(try await town.store.hosts().filter { town.liveness(of: $0).isAlive }.map(\.id))
        return try await town.store.pulse().contains { pulse in
            pulse.needsHost && pulse.agent.pinnedTo.map { !alive.contains($0) } ?? true
        }
    }
}
