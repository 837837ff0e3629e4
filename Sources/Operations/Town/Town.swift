public import Configuration
public import Model

/// A town that is open: what operations work on.
public struct Town: Sendable {
    /// The absolute path of its folder.
    public var root: String
    public var configuration: TownConfiguration
    public var store: any Store
    public var time: any TimeSource
    public var random: any Randomness
    /// What the environment says of the agent in whose turn the caller runs.
    public var caller: Caller
    /// True or false where this machine can tell whether a host's process runs; nil for a host of another machine.
    public var isAlive: @Sendable (Host) -> Bool?
    /// Ends every process of this machine that belongs to one of these turns, and returns when none is left.
    public var endSurvivors: @Sendable ([TurnID]) async -> Void

    public init(
        root: String, configuration: TownConfiguration, store: any Store, time: any TimeSource,
        random: any Randomness, caller: Caller = Caller(),
        isAlive: @escaping @Sendable (Host) -> Bool? = { _ in nil },
        endSurvivors: @escaping @Sendable ([TurnID]) async -> Void = { _ in }
    ) {
        self.root = root
        self.configuration = configuration
        self.store = store
        self.time = time
        self.random = random
        self.caller = caller
        self.isAlive = isAlive
        self.endSurvivors = endSurvivors
    }

    public var name: String { configuration.name }

    /// Whether a background host of another machine serves the town, as far as one can know: it has renewed its entry
    /// when that was due.
    public func isServedElsewhere() async throws -> Bool {
        guard configuration.store == .redis else { return false }
        let now = time.now()
        return try await store.hosts().contains { host in
            !host.isForeground && isAlive(host) == nil && host.expiresAt - now >= configuration.lease
        }
    }

    /// A new id of any kind.
    public func newID<Entity>() -> ID<Entity> { makeID(random) }

    private func makeID<Entity>(_ random: some Randomness) -> ID<Entity> { ID(random: random) }
}

/// Who calls, as far as a turn's environment says.
public struct Caller: Sendable, Equatable {
    /// `TINYTOWN_AGENT_ID`.
    public var agentID: String?
    /// `TINYTOWN_AGENT_NAME`.
    public var agentName: String?
    /// `TINYTOWN_TASK_ID`.
    public var taskID: String?

    public init(agentID: String? = nil, agentName: String? = nil, taskID: String? = nil) {
        self.agentID = agentID
        self.agentName = agentName
        self.taskID = taskID
    }

    /// Reads the variables that a turn sets.
    public init(environment: [String: String]) {
        func variable(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        self.init(
            agentID: variable("TINYTOWN_AGENT_ID"), agentName: variable("TINYTOWN_AGENT_NAME"),
            taskID: variable("TINYTOWN_TASK_ID"))
    }
}
