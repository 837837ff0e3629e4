/// One turn of an agent, identified by `TurnID`. The id is also in the environment of every process of the turn, so
/// that survivors of a dead host are found.
public enum Turn {}

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
