/// Which tasks to list. Conditions that are nil do not restrict.
public struct TaskFilter: Sendable, Equatable {
    public var states: Set<TaskState>?
    public var assignee: AgentID?
    public var inBacklog: Bool?
    /// Lower-case hexadecimal digits with which the id begins, hyphens included.
    public var idPrefix: String?
    /// Those that something holds back, or that nothing holds back.
    public var isWaiting: Bool?
    /// Only tasks that depend on this one or are parts of it.
    public var needing: TaskID?

    public init(
        states: Set<TaskState>? = nil, assignee: AgentID? = nil, inBacklog: Bool? = nil, idPrefix: String? = nil,
        isWaiting: Bool? = nil, needing: TaskID? = nil
    ) {
        self.states = states
        self.assignee = assignee
        self.inBacklog = inBacklog
        self.idPrefix = idPrefix
        self.isWaiting = isWaiting
        self.needing = needing
    }

    public static let backlog = TaskFilter(inBacklog: true)
}

/// Tasks by state.
public struct TaskCounts: Sendable, Equatable {
    public var byState: [TaskState: Int]
    public var backlog: Int

    public init(byState: [TaskState: Int] = [:], backlog: Int = 0) {
        self.byState = byState
        self.backlog = backlog
    }
}
