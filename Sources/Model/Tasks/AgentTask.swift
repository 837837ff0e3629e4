/// A unit of work with a life of its own.
public struct AgentTask: Sendable, Equatable, Codable {
    public var id: TaskID
    public var description: String
    public var state: TaskState
    public var assignedTo: AgentID?
    /// Who gave it; told when it ends.
    public var createdBy: AgentID
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var startedAt: Timestamp?
    public var completedAt: Timestamp?
    public var result: String?
    /// The task that it is a part of. Unless that only groups, it has to be completed first.
    public var parent: TaskID?
    /// What has to be completed first.
    public var dependsOn: [TaskID]
    public var tags: [String]
    /// True while it waits in the backlog: pending and owned by nobody.
    public var inBacklog: Bool
    /// True while something that it needs is not completed. It is pending then, even if it has an owner: it is not announced,
    /// cannot be started or completed, and is in no backlog.
    public var isWaiting: Bool
    /// It only groups the tasks whose parent it is: it is nobody's work, holds none of them back, and ends with the
    /// last of them.
    public var isGroup: Bool
    /// That of its announcement.
    public var priority: Priority
    /// How often its agent was reminded after ending a turn without completing it (W5).
    public var reminders: Int

    public init(id: TaskID, description: String, createdBy: AgentID, createdAt: Timestamp, tags: [String] = []) {
        self.id = id
        self.description = description
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.tags = tags
        updatedAt = createdAt
        state = .pending
        dependsOn = []
        inBacklog = false
        isWaiting = false
        isGroup = false
        priority = .normal
        reminders = 0
    }

    /// The first line, for lists.
    public var title: String { FirstLine.title(of: description) }
}

/// Where a task is in its life. The raw values are Tinytown's wire names.
public enum TaskState: String, Sendable, Codable, CaseIterable {
    case pending, assigned, running, completed, failed, cancelled

    /// Reads the wire name, and `in_flight` as an old name of `running`.
    public init?(wireName: String) {
        if wireName == "in_flight" { self = .running } else { self.init(rawValue: wireName) }
    }

    public var isTerminal: Bool { self == .completed || self == .failed || self == .cancelled }
}
