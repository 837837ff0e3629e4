/// One turn of an agent, identified by `TurnID`. The id is also in the environment of every process of the turn, so
/// that survivors of a dead host are found.
public enum Turn {}

/// A process that runs turns.
public struct Host: Sendable, Equatable, Codable {
    public var id: HostID
    /// The machine's name, its present boot and its table of processes, with slashes between them; process ids mean
    /// something only within all three.
    public var machine: String
    /// Process id and kernel start time, as `pid:start`.
    public var process: String
    public var startedAt: Timestamp
    /// Renewed while it lives; a host of another machine that is past this time counts as dead.
    public var expiresAt: Timestamp
    /// Runs one agent in a terminal instead of all of them.
    public var isForeground: Bool
    /// CLIs used by the town's agents (`Agent.cli`) that are not installed on this host.
    public var lacks: Set<String>

    public init(
        id: HostID, machine: String, process: String, startedAt: Timestamp, expiresAt: Timestamp, isForeground: Bool,
        lacks: Set<String> = []
    ) {
        self.id = id
        self.machine = machine
        self.process = process
        self.startedAt = startedAt
        self.expiresAt = expiresAt
        self.isForeground = isForeground
        self.lacks = lacks
    }

    /// The process id alone.
    public var pid: Int { Int(process.prefix { $0 != ":" }) ?? 0 }

    /// The machine's name, as people know it.
    public var machineName: String { String(machine.prefix { $0 != "/" }) }

    /// How far ahead the entry of a host expires that does not renew it.
    public static let unrenewed = Duration.seconds(86_400 * 3650)

    /// Whether its entry is renewed while it lives, so that its expiry says something.
    public func isRenewed(at now: Timestamp) -> Bool { expiresAt - now < Self.unrenewed / 10 }
}

/// Proof that its holder may write for an agent's turn. A newer epoch makes it void.
public struct LeaseToken: Sendable, Hashable, Codable {
    public var agent: AgentID
    public var epoch: Int64
    public var turn: TurnID
    public var host: HostID

    public init(agent: AgentID, epoch: Int64, turn: TurnID, host: HostID) {
        self.agent = agent
        self.epoch = epoch
        self.turn = turn
        self.host = host
    }
}

/// A lease as others see it.
public struct LeaseRecord: Sendable, Equatable, Codable {
    public var token: LeaseToken
    public var startedAt: Timestamp
    public var expiresAt: Timestamp
    /// The SHA-256 of the secret by which the turn's own commands are known. It dies with the lease.
    public var proof: String?

    public init(token: LeaseToken, startedAt: Timestamp, expiresAt: Timestamp, proof: String? = nil) {
        self.token = token
        self.startedAt = startedAt
        self.expiresAt = expiresAt
        self.proof = proof
    }
}

/// What an agent's turn works on.
public struct Lease: Sendable, Equatable {
    public var record: LeaseRecord
    /// The agent as it is during the turn.
    public var agent: Agent
    /// Urgent first, then by arrival.
    public var deliveries: [Delivery]
    /// The tasks that the messages speak of, and the agent's open tasks.
    public var tasks: [AgentTask]

    public init(record: LeaseRecord, agent: Agent, deliveries: [Delivery], tasks: [AgentTask]) {
        self.record = record
        self.agent = agent
        self.deliveries = deliveries
        self.tasks = tasks
    }

    public var token: LeaseToken { record.token }
}
