import Model
import Operations

extension Town {
    /// A task as it is now.
    /// - Throws: `taskNotFound`.
    public func task(_ id: TaskID) async throws(TownError) -> AgentTask {
        try await reporting {
            guard let task = try await opened.store.task(id.id()) else {
                throw TownError(.taskNotFound, "there is no task \(id)")
            }
            return AgentTask(task)
        }
    }

    /// Tasks, oldest first.
    /// - Parameters:
    ///   - states: nil means any.
    ///   - owner: nil means anybody.
    ///   - offset: how many of them to pass over.
    ///   - limit: at most so many.
    public func tasks(
        in states: Set<TaskState>? = nil, of owner: AgentHandle? = nil, offset: Int = 0, limit: Int = 1000
    ) async throws(TownError) -> [AgentTask] {
        try await reporting {
            let filter = TaskFilter(
                states: states.map { Set($0.compactMap { Model.TaskState(rawValue: $0.rawValue) }) },
                assignee: owner.map { $0.id.id() })
            return try await opened.store.tasks(filter, page: Page(offset: max(0, offset), limit: max(1, limit)))
                .map { AgentTask($0) }
        }
    }

    /// Returns when a task has ended, in whatever way. It is woken by the town and never looks in between.
    /// - Throws: `taskNotFound`, `timedOut`, `cancelled`.
    @discardableResult
    public func wait(for id: TaskID, timeout: Duration? = nil) async throws(TownError) -> AgentTask {
        try await waiting("task \(id) has not ended", timeout) {
            let task = try await self.task(id)
            return task.state.isTerminal ? task : nil
        }
    }

    /// Says that a task is done.
    /// - Parameters:
    ///   - id: the task.
    ///   - result: what came out of it.
    ///   - agent: who says so; the one who gave the task is told. Nil: the author that this program speaks for.
    /// - Throws: `taskNotFound`; `conflict` for one that has ended or still waits.
    @discardableResult
    public func complete(_ id: TaskID, result: String, by agent: AgentHandle? = nil) async throws(TownError)
        -> AgentTask
    {
        try await end(CompleteTask.self, id, result, by: agent)
    }

    /// Says that a task cannot be done.
    /// - Throws: as `complete`.
    @discardableResult
    public func fail(_ id: TaskID, reason: String, by agent: AgentHandle? = nil) async throws(TownError) -> AgentTask {
        try await end(FailTask.self, id, reason, by: agent)
    }

    /// Calls a task off.
    /// - Throws: as `complete`.
    @discardableResult
    public func cancel(_ id: TaskID, reason: String) async throws(TownError) -> AgentTask {
        try await end(CancelTask.self, id, reason, by: nil)
    }

    private func end<End: Operation>(
        _ operation: End.Type, _ id: TaskID, _ result: String, by agent: AgentHandle?
    ) async throws(TownError) -> AgentTask where End.Input == EndTaskInput {
        try await reporting(missing: .taskNotFound) {
            try await acting(as: End.self) { town in
                var town = town
                if let agent {
                    try town.check(.speak(as: agent.id.id()))
                    if !town.caller.isInTurn { town.caller = Caller(agentID: agent.id.description) }
                }
                _ = try await End.run(.init(task: id.description, result: result), in: town)
            }
            return try await self.task(id)
        }
    }

    /// Manage tasks without an owner.
    public var backlog: Backlog { Backlog(town: self) }
}

/// Manage tasks without an owner.
public struct Backlog: Sendable {
    let town: Town

    /// Adds a task.
    /// - Parameters:
    ///   - description: what is to be done; the first line is its title.
    ///   - tags: by which agents with a fitting role are offered it.
    /// - Throws: `invalid`, `unavailable`.
    @discardableResult
    public func add(_ description: String, tags: [String] = []) async throws(TownError) -> TaskID {
        try await reporting {
            let made = try await town.call(AddToBacklog.self, .init(description: description, tags: tags))
            return TaskID(made.task.id)
        }
    }

    /// What waits, oldest first.
    public func list(limit: Int = 1000) async throws(TownError) -> [AgentTask] {
        try await reporting {
            try await town.opened.store.tasks(.backlog, page: Page(limit: max(1, limit))).map { AgentTask($0) }
        }
    }

    /// Gives a task of the backlog to an agent.
    /// - Throws: `taskNotFound`, `agentNotFound`; `conflict` where it is not in the backlog any more.
    public func claim(_ id: TaskID, for agent: AgentHandle) async throws(TownError) {
        try await reporting(missing: .taskNotFound) {
            _ = try await town.call(
                ClaimFromBacklog.self, .init(task: id.description, agent: agent.id.description))
        }
    }

    /// Calls a task of the backlog off.
    /// - Throws: as `claim`.
    public func remove(_ id: TaskID) async throws(TownError) {
        try await reporting(missing: .taskNotFound) {
            _ = try await town.call(RemoveFromBacklog.self, .init(task: id.description))
        }
    }
}
