/// Gives a new task to an agent.
public struct Assignment: Sendable, Equatable {
    public var agent: AgentID
    /// The id of the message that announces it.
    public var announcement: MessageID
    public var priority: Priority

    public init(agent: AgentID, announcement: MessageID, priority: Priority = .normal) {
        self.agent = agent
        self.announcement = announcement
        self.priority = priority
    }
}

/// A task to be made.
public struct NewTask: Sendable, Equatable {
    public var task: AgentTask
    /// Who gets it; nil for nobody.
    public var assignee: Assignment?

    public init(_ task: AgentTask, assignee: Assignment? = nil) {
        self.task = task
        self.assignee = assignee
    }
}
