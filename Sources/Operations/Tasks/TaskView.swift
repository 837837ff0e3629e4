public import Model

/// A task as every door shows it: Tinytown's fields, then ours.
public struct TaskView: Codable, Sendable, Equatable {
    public var id: TaskID
    public var description: String
    public var state: TaskState
    @OrNull public var assignedTo: AgentID?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    @OrNull public var startedAt: Timestamp?
    @OrNull public var completedAt: Timestamp?
    @OrNull public var result: String?
    @OrNull public var parentID: TaskID?
    public var tags: [String]
    /// The owner's label.
    @OrNull public var assignedLabel: String?
    public var createdBy: AgentID
    public var inBacklog: Bool
    /// How often its agent was reminded of it.
    public var reminders: Int

    enum CodingKeys: String, CodingKey {
        case id, description, state, result, tags, reminders
        case assignedTo = "assigned_to"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case startedAt = "started_at"
        case completedAt = "completed_at"
        case parentID = "parent_id"
        case assignedLabel = "assigned_label"
        case createdBy = "created_by"
        case inBacklog = "in_backlog"
    }

    public init(_ task: AgentTask, labels: [AgentID: String] = [:]) {
        id = task.id
        description = task.description
        state = task.state
        assignedTo = task.assignedTo
        createdAt = task.createdAt
        updatedAt = task.updatedAt
        startedAt = task.startedAt
        completedAt = task.completedAt
        result = task.result
        parentID = task.parent
        tags = task.tags
        assignedLabel = task.assignedTo.map { labels[$0] ?? $0.short }
        createdBy = task.createdBy
        inBacklog = task.inBacklog
        reminders = task.reminders
    }

    /// The first line of the description.
    public var title: String { description.split(whereSeparator: \.isNewline).first.map(String.init) ?? description }

    /// The beginning of the id that lists show and commands accept (W55).
    public var shortID: String { String(id.description.prefix(8)) }
}

/// One task.
public struct TaskOutput: Codable, Sendable, Equatable {
    public var task: TaskView
}

/// Several tasks, oldest first.
public struct TasksOutput: Codable, Sendable, Equatable {
    public var tasks: [TaskView]
}

/// A reference to a task; nil means the present task of the agent in whose turn the caller runs.
public struct TaskInput: Codable, Sendable, Equatable {
    public var task: String?

    public init(task: String? = nil) { self.task = task }
}

extension Town {
    func view(of task: AgentTask) async throws -> TaskOutput {
        TaskOutput(task: TaskView(task, labels: task.assignedTo == nil ? [:] : try await labels()))
    }

    /// The task that was named, else the present one of the calling agent.
    /// - Throws: `invalid` where nothing says which task is meant.
    func task(orCurrent reference: String?) async throws -> AgentTask {
        if let reference { return try await task(reference) }
        if let id = caller.taskID { return try await task(id) }
        guard let agent = try await callingAgent() else {
            throw OperationError(
                .invalid, "no task was named, and this is not an agent's turn",
                hint: "name one; see: tt task list")
        }
        return try await currentTask(of: agent)
    }

    /// What `agent` works on: its current task, else the only open one that it has.
    func currentTask(of agent: Agent) async throws -> AgentTask {
        if let id = agent.currentTask, let task = try await store.task(id), !task.state.isTerminal { return task }
        let open = try await store.tasks(
            TaskFilter(states: [.assigned, .running], assignee: agent.id), page: Page(limit: 6))
        switch open.count {
        case 1: return open[0]
        case 0: throw OperationError(.notFound, "\(agent.label) has no open task")
        default:
            let list = open.map { "\($0.id.description.prefix(8)) (\($0.title.prefix(30)))" }
            throw OperationError(
                .conflict, "\(agent.label) has several open tasks: " + list.joined(separator: ", "),
                hint: "name the one you mean")
        }
    }
}
