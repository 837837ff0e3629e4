public import Configuration
public import Model
public import Secrets

/// A town that is open: what operations work on.
public struct OpenTown: Sendable {
    /// The absolute path of its folder.
    public var root: String
    public var configuration: TownConfiguration
    public var store: any Store
    public var time: any TimeSource
    public var random: any Randomness
    /// Who calls: a person, or a command of an agent's turn.
    public var caller: Caller
    /// Masks the secrets that this process knows.
    public var redactor: Redactor
    /// The agent CLIs that there are, looked up when an agent gets one; nil where any is taken as it is.
    public var clis: @Sendable () throws -> (any CLICatalogue)? = { nil }
    /// The user's settings and towns; nil where a door has none.
    public var user: UserHome?
    /// Opens the store that another configuration of this town names.
    public var openStore: @Sendable (TownConfiguration) async throws -> any Store = { _ in
        throw OperationError(.unavailable, "no other store can be opened here")
    }
    /// Told now and then of how much a long operation has read or written.
    public var progress: @Sendable (SnapshotCounts) -> Void = { _ in }
    /// Knows which hosts live on this machine, and ends what dead ones left behind.
    public var janitor: any ProcessJanitor
    /// How the door that is used words a remedy, for texts that hold one.
    public var phrase: @Sendable (Remedy) -> String = { $0.description }

    public init(
        root: String, configuration: TownConfiguration, store: any Store, time: any TimeSource,
        random: any Randomness, janitor: any ProcessJanitor, caller: Caller = Caller(), redactor: Redactor = .forms
    ) {
        self.root = root
        self.configuration = configuration
        self.store = store
        self.time = time
        self.random = random
        self.caller = caller
        self.redactor = redactor
        self.janitor = janitor
    }

    public var name: String { configuration.name }

    /// Whether a host's process runs on this machine; nil for one of another machine.
    public func isAlive(_ host: Host) -> Bool? { janitor.isAlive(host) }

    /// Whether a host lives, as far as this machine can know.
    public func liveness(of host: Host) -> HostLiveness {
        host.liveness(isRunning: isAlive(host), now: time.now())
    }

    /// Whether a background host of another machine serves the town, as far as one can know: it has renewed its entry
    /// when that was due.
    public func isServedElsewhere() async throws -> Bool {
        guard configuration.store == .redis else { return false }
        let now = time.now()
        return try await store.hosts().contains { host in
            !host.isForeground && isAlive(host) == nil && host.expiresAt - now >= configuration.lease
        }
    }

    /// What is kept of a text that the caller gives: in a turn it is the words of an agent, and may hold what its
    /// environment holds. A person's words are kept as they are.
    func kept(_ text: String) -> String { speaksForAgent ? redactor.redacted(text) : text }

    /// Whether the caller's texts are an agent's.
    var speaksForAgent: Bool { caller.isInTurn || caller.agentID != nil }

    /// A new id of any kind.
    public func newID<Entity>() -> ID<Entity> { makeID(random) }

    private func makeID<Entity>(_ random: some Randomness) -> ID<Entity> { ID(random: random) }
}
