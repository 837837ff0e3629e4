/// A live agent as a host sees it.
public struct AgentPulse: Sendable, Equatable {
    public var agent: Agent
    /// Something waits that would start a turn.
    public var hasWork: Bool
    public var lease: LeaseRecord?
    /// A task that it owns waits for others: it will have work, and is not idle.
    public var expectsWork: Bool

    public init(agent: Agent, hasWork: Bool, lease: LeaseRecord?, expectsWork: Bool = false) {
        self.agent = agent
        self.hasWork = hasWork
        self.lease = lease
        self.expectsWork = expectsWork
    }

    /// Whether somebody has to run it: it is awake, or something waits that wakes it.
    public var needsHost: Bool { agent.state.isAwake || (agent.state == .cold && hasWork) }
}
