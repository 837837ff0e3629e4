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
public struct HostProcess: Sendable {
    public let town: OpenTown
    private let harnesses: any HarnessSource
    private let environment: [String: String]
    private let program: String?
    private let adoptsOrphans: Bool
    /// Tells people what happens.
    private let log: @Sendable (String) -> Void
    /// Knows every secret that this host has.
    private let redactor: Redactor

    /// - Parameters:
    ///   - global: the user's own configuration.
    ///   - environment: of which turns inherit what they need.
    ///   - program: the `tt` that agents call; nil means the running program.
    ///   - adoptsOrphans: what a turn leaves behind when its keeper dies becomes a child of this process and is ended.
    ///     False for a process that starts children of its own.
    ///   - log: told in one line of what a person may want to know.
    public init(
        _ town: OpenTown, global: GlobalConfiguration, environment: [String: String], program: String? = nil,
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
            guard
                let lock = try await HostLock.acquire(files, time: town.time, while: { ending.reason == nil })
            else {
                return log("another host serves \(town.name)")
            }
            files.hostWanted.remove()
            log("host of \(town.name) starts as process \(ProcessIdentity.current.pid)")
            guardian?.begin()
            let host = Machine.host(random: town.random, now: town.time.now(), isForeground: false)
            try await run(
                [
                    FolderWatch(files: files, ending: ending),
                    ServerWatch(town: town, files: files, environment: environment),
                    TidyService(town: town, log: log),
                    GoalService(
                        store: town.store, time: town.time, random: town.random, limits: town.configuration.sendLimits),
                    turns(of: host, announced: { guardian?.serves() }),
                ], ending)
            log(ending.reason.map { "host ends on \($0)" } ?? "host ends: no live agent is left")
            lock.release()
            // An agent that was added while the lock was held was left to this host by the command that added it.
        } while try await isNeeded(ending)
    }

    /// This process as a host of one agent, not yet announced.
    public func foregroundHost() -> Host {
        Machine.host(random: town.random, now: town.time.now(), isForeground: true)
    }

    /// Runs one agent in this process until it ends or `ending` asks.
    /// - Parameter echo: shows each line of the agent's log.
    public func foreground(
        _ agent: AgentID, host: Host, echo: @escaping @Sendable (String) -> Void, _ ending: HostEnding
    ) async throws {
        let files = TownFiles(root: town.root)
        try files.prepare()
        let launcher = program.map { HostLauncher(program: $0, environment: environment) } ?? .current(environment)
        try await run(
            [
                WantedWatch(town: town, files: files, launcher: launcher, log: log), TidyService(town: town, log: log),
                turns(of: host, only: agent, echo: echo),
            ], ending)
    }

    private func run(_ services: [any Service], _ ending: HostEnding) async throws {
        try await ServiceGroup(services, report: log).run(until: ending.stream)
    }

    private func turns(
        of host: Host, only: AgentID? = nil, echo: (@Sendable (String) -> Void)? = nil,
        announced: @escaping @Sendable () -> Void = {}
    ) -> TurnService {
        TurnService(
            town: town, host: host, harnesses: harnesses, environment: environment, program: program,
            adoptsOrphans: adoptsOrphans, only: only, echo: echo, redactor: redactor, log: log, announced: announced)
    }

    private func isNeeded(_ ending: HostEnding) async throws -> Bool {
        guard ending.reason == nil else { return false }
        let alive = Set(try await town.store.hosts().filter { town.liveness(of: $0).isAlive }.map(\.id))
        return try await town.store.pulse().contains { pulse in
            pulse.needsHost && pulse.agent.pinnedTo.map { !alive.contains($0) } ?? true
        }
    }
}
