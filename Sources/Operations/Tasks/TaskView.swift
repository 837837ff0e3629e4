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
    /// Tasks that have to be completed first, besides its parent.
    public var dependsOn: [TaskID]
    /// It is held back by what `waitsFor` lists.
    public var waiting: Bool
    /// It only groups the tasks whose parent it is.
    public var group: Bool
    /// What it needs and what is not completed; empty unless it waits.
    public var waitsFor: [TaskReference]

    enum CodingKeys: String, CodingKey {
        case id, description, state, result, tags, reminders, waiting, group
        case dependsOn = "depends_on"
        case waitsFor = "waits_for"
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

    public init(_ task: AgentTask, labels: [AgentID: String] = [:], waitsFor: [TaskReference] = []) {
        self.waitsFor = waitsFor
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
        dependsOn = task.dependsOn
        waiting = task.isWaiting
        group = task.isGroup
    }

    /// The first line of the description.
    public var title: String { description.split(whereSeparator: \.isNewline).first.map(String.init) ?? description }

    /// The beginning of the id that lists show and commands accept (W55).
    public var shortID: String { String(id.description.prefix(8)) }
}

/// One task.
public struct TaskOutput: Codable, Sendable, Equatable {
    public var task: TaskView

    public init(task: TaskView) { self.task = task }
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

/// A task as others name it.
public struct TaskReference: Codable, Sendable, Equatable {
    public var id: TaskID
    /// The first line of the description.
    public var title: String
    public var state: TaskState
    /// It is held back itself.
    public var waiting: Bool

    public init(_ task: AgentTask) {
        id = task.id
        title = task.title
        state = task.state
        waiting = task.isWaiting
    }

    /// The beginning of the id that lists show and commands accept (W55).
    public var shortID: String { String(id.description.prefix(8)) }
}

extension OpenTown {
    func view(of task: AgentTask) async throws -> TaskOutput {
        TaskOutput(task: try await views(of: [task])[0])
    }

    /// Tasks with their owners' names and what they wait for.
    func views(of tasks: [AgentTask]) async throws -> [TaskView] {
        let labels = tasks.contains { $0.assignedTo != nil } ? try await labels() : [:]
        var views: [TaskView] = []
        for task in tasks { views.append(TaskView(task, labels: labels, waitsFor: try await waitsFor(task))) }
        return views
    }

    /// A page of tasks, oldest first.
    func views(of filter: TaskFilter, _ page: Page) async throws -> TasksOutput {
        TasksOutput(tasks: try await views(of: try await store.tasks(filter, page: page)))
    }

    /// What a waiting task needs and what is not completed. A parent that only groups counts by what it waits for.
    func waitsFor(_ task: AgentTask) async throws -> [TaskReference] {
        guard task.isWaiting else { return [] }
        var needs = task.dependsOn
        var next = task.parent
        var seen: Set<TaskID> = []
        while let id = next, seen.insert(id).inserted {
            guard let parent = try await store.task(id), parent.isGroup else {
                needs.append(id)
                break
            }
            needs += parent.dependsOn
            next = parent.parent
        }
        return try await references(to: needs).filter { $0.state != .completed }
    }

    /// Each task once, in order.
    func references(to ids: [TaskID]) async throws -> [TaskReference] {
        var seen: Set<TaskID> = []
        var references: [TaskReference] = []
        for id in ids where seen.insert(id).inserted {
            if let task = try await store.task(id) { references.append(TaskReference(task)) }
        }
        return references
    }

    /// Makes a new task part of another and lets it wait for others, as a caller named them.
    func link(_ task: inout AgentTask, parent: String?, dependsOn: [String]?) async throws {
        if let parent { task.parent = try await self.task(parent).id }
        for reference in dependsOn ?? [] {
            let id = try await self.task(reference).id
            if !task.dependsOn.contains(id) { task.dependsOn.append(id) }
        }
    }

    /// The task that was named, else the present one of the calling agent.
    /// - Throws: `invalid` where nothing says which task is meant.
    func task(orCurrent reference: String?) async throws -> AgentTask {
        if let reference { return try await task(reference) }
        if caller.taskIDs.count > 1 { return try await onlyOpenTask(of: caller.taskIDs) }
        if let id = caller.taskID { return try await task(id) }
        guard let agent = try await callingAgent() else {
            throw OperationError(
                .invalid, "no task was given, and this is not an agent's turn",
                .operation("task.list", why: "say which one; see"))
        }
        return try await currentTask(of: agent)
    }

    // With several tasks in a turn, to take one of them would be a guess.
    private func onlyOpenTask(of ids: [String]) async throws -> AgentTask {
        var open: [AgentTask] = []
        for id in ids {
            let task = try await task(id)
            if !task.state.isTerminal { open.append(task) }
        }
        guard open.count != 1 else { return open[0] }
        guard !open.isEmpty else { return try await task(ids[0]) }
        let list = open.map { "\($0.id.description.prefix(8)) (\($0.title.prefix(30)))" }
        throw OperationError(
            .ambiguousReference, "this turn has several open tasks: " + list.joined(separator: ", "),
            hint: "say which one you mean; a script finds all of them in TINYTOWN_TASK_IDS")
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
                .ambiguousReference, "\(agent.label) has several open tasks: " + list.joined(separator: ", "),
                hint: "say which one you mean")
        }
    }
}
