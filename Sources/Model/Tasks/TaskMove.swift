/// What can be done to a task.
public enum TaskMove: Sendable, Equatable {
    /// Gives it to an agent; one that waits is announced when it waits no longer.
    case assign(AgentID)
    case start
    case complete(String)
    case fail(String)
    case cancel(String)
    /// Takes it from its owner; the backlog has it again, at once or when it waits no longer.
    case requeue
    /// Ends its waiting, whatever it waits for.
    case release
    /// Begins a task that failed or was cancelled anew: the same task, with new attempts.
    case retry

    /// How much it counts against the limits of a turn that asks for it: an assignment is a message.
    public var sends: Int { if case .assign = self { 1 } else { 0 } }

    public var name: String {
        switch self {
        case .assign: "assign"
        case .start: "start"
        case .complete: "complete"
        case .fail: "fail"
        case .cancel: "cancel"
        case .requeue: "requeue"
        case .release: "release"
        case .retry: "retry"
        }
    }
}

/// What a task says: all that may be changed before it is started.
public struct TaskRevision: Sendable, Equatable {
    public let task: TaskID
    public var description: String
    public var tags: [String]
    public var parent: TaskID?
    public var dependsOn: [TaskID]
    public var isGroup: Bool

    /// What `task` says now.
    public init(_ task: AgentTask) {
        self.task = task.id
        description = task.description
        tags = task.tags
        parent = task.parent
        dependsOn = task.dependsOn
        isGroup = task.isGroup
    }
}

extension AgentTask {
    /// How often an agent is reminded of a task that it left open before the task fails (architecture, "The turn", 5).
    public static let maxReminders = 2

    /// The task after `move`. An ended task never moves (W40), except that a person retries one that was not completed;
    /// one that waits is neither started nor completed.
    public func after(_ move: TaskMove, at now: Timestamp) throws(IllegalMove) -> AgentTask {
        if move == .retry { return try retried(at: now) }
        guard !state.isTerminal else { throw IllegalMove(from: state.rawValue, signal: move.name) }
        var task = self
        task.updatedAt = now
        switch move {
        case .assign(let agent):
            guard !isGroup else { throw IllegalMove(from: "group", signal: move.name) }
            guard state == .pending || state == .assigned else {
                throw IllegalMove(from: state.rawValue, signal: move.name)
            }
            task.state = isWaiting ? .pending : .assigned
            task.assignedTo = agent
            task.inBacklog = false
            task.reminders = 0
        case .start:
            guard !isWaiting else { throw IllegalMove(from: "waiting", signal: move.name) }
            guard assignedTo != nil else { throw IllegalMove(from: "unassigned", signal: move.name) }
            task.state = .running
            task.startedAt = startedAt ?? now
        case .complete(let result):
            guard !isWaiting else { throw IllegalMove(from: "waiting", signal: move.name) }
            task.end(.completed, result, now)
        case .fail(let reason): task.end(.failed, reason, now)
        case .cancel(let reason): task.end(.cancelled, reason, now)
        case .requeue:
            guard !isGroup else { throw IllegalMove(from: "group", signal: move.name) }
            task.state = .pending
            task.assignedTo = nil
            task.startedAt = nil
            task.inBacklog = !isWaiting
            task.reminders = 0
        case .release:
            guard isWaiting else { throw IllegalMove(from: state.rawValue, signal: move.name) }
            task.isWaiting = false
            if assignedTo != nil { task.state = .assigned } else { task.inBacklog = !isGroup }
        case .retry: break  // see `retried`
        }
        return task
    }

    private func retried(at now: Timestamp) throws(IllegalMove) -> AgentTask {
        guard state == .failed || state == .cancelled else {
            throw IllegalMove(from: state.rawValue, signal: TaskMove.retry.name)
        }
        var task = self
        task.updatedAt = now
        task.state = assignedTo == nil ? .pending : .assigned
        task.inBacklog = assignedTo == nil && !isGroup
        task.result = nil
        task.startedAt = nil
        task.completedAt = nil
        task.reminders = 0
        return task
    }

    /// The task as a revision wants it; only while it is not started.
    public func revised(_ revision: TaskRevision, at now: Timestamp) throws(IllegalMove) -> AgentTask {
        guard state == .pending || state == .assigned else { throw IllegalMove(from: state.rawValue, signal: "revise") }
        var task = self
        task.updatedAt = now
        task.description = revision.description
        task.tags = revision.tags
        task.parent = revision.parent
        task.dependsOn = revision.dependsOn
        task.isGroup = revision.isGroup
        if isGroup { task.inBacklog = !revision.isGroup && !isWaiting && assignedTo == nil }
        if revision.isGroup { task.inBacklog = false }
        return task
    }

    /// The task as something new holds it back: its owner keeps it, and is not asked to begin.
    public func held() -> AgentTask {
        var task = self
        task.state = .pending
        task.isWaiting = true
        task.inBacklog = false
        return task
    }

    private mutating func end(_ state: TaskState, _ result: String, _ now: Timestamp) {
        self.state = state
        self.result = result
        completedAt = now
        inBacklog = false
        isWaiting = false
    }
}
