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
    public var parent: TaskID?
    public var tags: [String]
    /// True while it waits in the backlog: pending and owned by nobody.
    public var inBacklog: Bool
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
        inBacklog = false
        reminders = 0
    }

    /// The first line, for lists.
    public var title: String { description.split(whereSeparator: \.isNewline).first.map(String.init) ?? description }
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

/// What can be done to a task.
public enum TaskMove: Sendable, Equatable {
    case assign(AgentID)
    case start
    case complete(String)
    case fail(String)
    case cancel(String)
    /// Takes it from its owner; the backlog has it again.
    case requeue

    public var name: String {
        switch self {
        case .assign: "assign"
        case .start: "start"
        case .complete: "complete"
        case .fail: "fail"
        case .cancel: "cancel"
        case .requeue: "requeue"
        }
    }
}

extension AgentTask {
    /// How often an agent is reminded of a task that it left open before the task fails (architecture, "The turn", 5).
    public static let maxReminders = 2

    /// The task after `move`. An ended task never moves (W40).
    public func after(_ move: TaskMove, at now: Timestamp) throws(IllegalMove) -> AgentTask {
        guard !state.isTerminal else { throw IllegalMove(from: state.rawValue, signal: move.name) }
        var task = self
        task.updatedAt = now
        switch move {
        case .assign(let agent):
            guard state == .pending || state == .assigned else {
                throw IllegalMove(from: state.rawValue, signal: move.name)
            }
            task.state = .assigned
            task.assignedTo = agent
            task.inBacklog = false
            task.reminders = 0
        case .start:
            guard assignedTo != nil else { throw IllegalMove(from: "unassigned", signal: move.name) }
            task.state = .running
            task.startedAt = startedAt ?? now
        case .complete(let result): task.end(.completed, result, now)
        case .fail(let reason): task.end(.failed, reason, now)
        case .cancel(let reason): task.end(.cancelled, reason, now)
        case .requeue:
            task.state = .pending
            task.assignedTo = nil
            task.startedAt = nil
            task.inBacklog = true
            task.reminders = 0
        }
        return task
    }

    private mutating func end(_ state: TaskState, _ result: String, _ now: Timestamp) {
        self.state = state
        self.result = result
        completedAt = now
        inBacklog = false
    }
}
