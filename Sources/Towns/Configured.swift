public import Configuration
public import Engine
public import Harnesses
public import Model
public import Operations

extension HostSettings {
    /// What a town's configuration says about its hosts.
    /// - Parameter memory: what this machine, or the container of this process, has; in bytes.
    public init(_ configuration: TownConfiguration, memory: Int) {
        self.init()
        maxConcurrentTurns = configuration.maxConcurrentTurns ?? Self.turns(of: configuration.maxAgents, memory: memory)
        idleTimeout = configuration.idleTimeout
        offersBacklog = configuration.offersBacklog
        leaseDuration = configuration.lease
        drainGrace = configuration.drainGrace
        turnLimits.turn = configuration.turnTimeout
        turnLimits.stallNotice = configuration.stallNotice
        turnLimits.grace = configuration.grace
        turnLimits.processes = configuration.maxProcesses
        turnLimits.usesControlGroup = configuration.usesControlGroups
        failurePolicy = FailurePolicy(
            maxAttempts: configuration.maxAttempts, firstDelay: configuration.firstDelay,
            longestDelay: configuration.longestDelay)
        maxHostDeaths = configuration.maxHostDeaths
        sendLimits = configuration.sendLimits
        // SQLite serves one machine, where the kernel knows which host lives.
        renewsHost = configuration.store == .redis
    }

    /// What an agent CLI needs while it waits for its model, in bytes: the largest of those measured take 240 MB.
    public static let memoryOfTurn = 256 << 20

    /// Turns at once where nobody says how many. Turns wait for models and not for processors, so every agent may have
    /// one, as far as three quarters of the memory go.
    public static func turns(of agents: Int, memory: Int) -> Int {
        max(2, min(agents, memory / 4 * 3 / memoryOfTurn))
    }
}

extension HarnessRegistry {
    /// The agent CLIs that a town can use: the presets, over them the user's, over them the town's.
    public init(town: OpenTown, global: GlobalConfiguration, environment: [String: String]) {
        var commands = town.configuration.agentCLIs
        for (name, cli) in global.agentCLIs where commands[name] == nil || commands[name] == AgentCLI.presets[name] {
            commands[name] = cli
        }
        self.init(clis: commands, folder: town.root, environment: environment, time: town.time)
    }

    /// - Parameter folder: where relative commands and folders begin.
    public init(clis: [String: AgentCLI], folder: String, environment: [String: String], time: any TimeSource) {
        self.init(
            commands: Dictionary(
                uniqueKeysWithValues: clis.map { name, cli in
                    (
                        name,
                        HarnessCommand(
                            name: name, command: cli.command, workdir: cli.workdir, environment: cli.env,
                            pass: cli.pass)
                    )
                }),
            town: folder, environment: environment, now: { time.now() })
    }
}
