public import Model

/// Where a town is and what its agents are told about it.
public struct TurnContext: Sendable {
    /// The town's name.
    public var name: String
    /// The town's folder, absolute; agents work in it.
    public var root: String
    /// What every agent's processes get: `PATH` with this program first, `TINYTOWN_TOWN`, and what else the town sets.
    public var environment: [String: String]
    /// Where turns keep their prompt files, absolute.
    public var scratchFolder: String

    public init(name: String, root: String, environment: [String: String], scratchFolder: String) {
        self.name = name
        self.root = root
        self.environment = environment
        self.scratchFolder = scratchFolder
    }
}

/// How a host behaves.
public struct HostSettings: Sendable {
    /// Turns at once on this host.
    public var maxConcurrentTurns: Int
    /// Idle agents end after this time without a turn; zero: never.
    public var idleTimeout: Duration
    /// How long a lease holds without renewal; it is renewed at a third of it.
    public var leaseDuration: Duration
    /// What shutdown gives to running turns before they are put back.
    public var drainGrace: Duration
    public var turnLimits: TurnLimits
    public var failurePolicy: FailurePolicy
    public var sendLimits: SendLimits
    /// Turns during which their host died, after which a message is a dead letter; see `HostDeaths`.
    public var maxHostDeaths: Int
    /// Hosts of several machines must renew their entry; on one machine the kernel knows who lives, and an idle host
    /// makes no wake-ups.
    public var renewsHost: Bool
    /// Runs this agent alone, in a terminal.
    public var only: AgentID?
    /// Idle agents are offered what suits their role.
    public var offersBacklog: Bool
    /// A message longer than this many bytes goes to a file that the prompt names.
    public var longMessage: Int

    /// A turn with a message during whose turns the host died so often runs alone.
    var aloneAfter: Int { HostDeaths.alone(maxHostDeaths) }

    public init() {
        maxConcurrentTurns = 2
        idleTimeout = .seconds(300)
        leaseDuration = .seconds(30)
        drainGrace = .seconds(10)
        turnLimits = TurnLimits()
        failurePolicy = FailurePolicy()
        sendLimits = SendLimits()
        maxHostDeaths = HostDeaths.standard
        renewsHost = false
        offersBacklog = true
        longMessage = 48 * 1024
    }
}
