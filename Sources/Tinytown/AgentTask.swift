public import FoundationEssentials
import Model

/// A unit of work with a life of its own, as it was at one moment.
public struct AgentTask: Sendable, Hashable, Identifiable {
    public let id: TaskID
    public let description: String
    public let state: TaskState
    /// Its owner; nil while it has none.
    public let assignedTo: AgentID?
    /// Who gave it, and is told when it ends.
    public let createdBy: AgentID
    /// What was done, or why it was not.
    public let result: String?
    public let parent: TaskID?
    /// What has to be completed first.
    public let dependsOn: [TaskID]
    /// True while something that it needs is not completed.
    public let isWaiting: Bool
    public let isInBacklog: Bool
    public let tags: [String]
    public let createdAt: Date
    public let startedAt: Date?
    public let completedAt: Date?

    init(_ task: Model.AgentTask) {
        id = TaskID(task.id)
        description = task.description
        state = TaskState(task.state)
        assignedTo = task.assignedTo.map { AgentID($0) }
        createdBy = AgentID(task.createdBy)
        result = task.result
        parent = task.parent.map { TaskID($0) }
        dependsOn = task.dependsOn.map { TaskID($0) }
        isWaiting = task.isWaiting
        isInBacklog = task.inBacklog
        tags = task.tags
        createdAt = Date(task.createdAt)
        startedAt = task.startedAt.map { Date($0) }
        completedAt = task.completedAt.map { Date($0) }
    }
}

/// Where a task is in its life.
public enum TaskState: String, Sendable, Hashable, CaseIterable, Codable {
    case pending, assigned, running, completed, failed, cancelled

    init(_ state: Model.TaskState) {
        self =
            switch state {
            case .pending: .pending
            case .assigned: .assigned
            case .running: .running
            case .completed: .completed
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }

    /// Never changes any more.
    public var isTerminal: Bool { self == .completed || self == .failed || self == .cancelled }
}
