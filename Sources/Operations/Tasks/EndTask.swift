import Model

/// Which task ends, and what is said of it.
public struct EndTaskInput: Codable, Sendable, Equatable {
    /// Nil means the present task of the agent in whose turn the caller runs.
    public var task: String?
    /// The result, or the reason.
    public var result: String?

    public init(task: String? = nil, result: String? = nil) {
        self.task = task
        self.result = result
    }

    func end(in town: Town, _ move: (String?) -> TaskMove) async throws -> EndedTask {
        let task = try await town.task(orCurrent: task)
        guard !task.state.isTerminal else {
            throw OperationError(
                .conflict, "task \(task.id.description.prefix(8)) is already \(task.state.rawValue)",
                hint: "see it: tt task show \(task.id.description.prefix(8))")
        }
        try town.check(.end(task, move(nil)))
        try town.checkResult(result)
        let result = result.map(town.kept)
        if task.isWaiting, case .complete = move(result) {
            let needs = try await town.waitsFor(task).map { "\($0.shortID) (\($0.state.rawValue))" }
            throw OperationError(
                .conflict,
                "task \(task.id.description.prefix(8)) waits for \(needs.joined(separator: ", ")) and cannot be completed yet",
                hint: "call it off with tt task cancel, or let it begin all the same with tt task release")
        }
        let by = try await town.sender(nil).id
        let moved = try await town.store.move(
            task.id, move(result), by: by, announcement: town.newID(), now: town.time.now())
        var ended = EndedTask(task: try await town.view(of: moved).task, blocked: [])
        if moved.state != .completed {
            ended.blocked = try await everything {
                try await town.store.tasks(TaskFilter(isWaiting: true, needing: moved.id), page: $0)
            }.map(TaskReference.init)
        }
        return ended
    }
}

/// A task that has ended.
public struct EndedTask: Codable, Sendable, Equatable {
    public var task: TaskView
    /// What waits for it and cannot go on, because it was not completed.
    public var blocked: [TaskReference]
}

public struct CompleteTask: Operation {
    public static let name = "task.complete"
    public static let summary = "Mark a task as done"
    public static let scope = Scope.write

    public init() {}

    public func run(_ input: EndTaskInput, in town: Town) async throws -> EndedTask {
        try await town.checkGoal(input.task)
        return try await input.end(in: town) { .complete($0 ?? "Completed") }
    }
}

public struct FailTask: Operation {
    public static let name = "task.fail"
    public static let summary = "Mark a task as failed"
    public static let scope = Scope.write

    public init() {}

    public func run(_ input: EndTaskInput, in town: Town) async throws -> EndedTask {
        try await input.end(in: town) { .fail($0 ?? "Failed") }
    }
}

public struct CancelTask: Operation {
    public static let name = "task.cancel"
    public static let summary = "Cancel a task"
    public static let scope = Scope.write

    public init() {}

    public func run(_ input: EndTaskInput, in town: Town) async throws -> EndedTask {
        try await input.end(in: town) { .cancel($0 ?? "Cancelled") }
    }
}

/// Lets a task that waits begin all the same.
public struct ReleaseTask: Operation {
    public static let name = "task.release"
    public static let summary = "Start a task without waiting for its dependencies"
    public static let scope = Scope.write

    public init() {}

    public func run(_ input: TaskInput, in town: Town) async throws -> TaskOutput {
        guard let reference = input.task else { throw OperationError(.invalid, "no task was named") }
        let task = try await town.task(reference)
        guard task.isWaiting else {
            throw OperationError(
                .conflict, "task \(task.id.description.prefix(8)) waits for nothing: it is \(task.state.rawValue)",
                hint: "see what waits: tt task list --state waiting")
        }
        let moved = try await town.store.move(
            task.id, .release, by: try await town.sender(nil).id, announcement: town.newID(), now: town.time.now())
        return try await town.view(of: moved)
    }
}
