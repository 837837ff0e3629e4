import Model

/// Which task ends, and its result.
public struct EndTaskInput: Codable, Sendable, Equatable {
    /// Nil means the present task of the agent in whose turn the caller runs.
    public var task: String?
    /// The result, or the reason.
    public var result: String?

    public init(task: String? = nil, result: String? = nil) {
        self.task = task
        self.result = result
    }

    func end(in town: OpenTown, _ move: (String?) -> TaskMove) async throws -> EndedTask {
        let task = try await town.task(orCurrent: task)
        guard !task.state.isTerminal else {
            throw OperationError(
                .conflict, "task \(task.id.description.prefix(8)) is already \(task.state.rawValue)",
                .operation("task.show", ["task": String(task.id.description.prefix(8))], why: "see it"))
        }
        try town.check(.end(task, move(nil)))
        try town.checkResult(result)
        let result = result.map(town.kept)
        if task.isWaiting, case .complete = move(result) {
            let needs = try await town.waitsFor(task).map { "\($0.shortID) (\($0.state.rawValue))" }
            throw OperationError(
                .conflict,
                "task \(task.id.description.prefix(8)) waits for \(needs.joined(separator: ", ")) and cannot be completed yet",
                .operation("task.cancel", ["task": String(task.id.description.prefix(8))], why: "call it off with"),
                .operation(
                    "task.release", ["task": String(task.id.description.prefix(8))],
                    why: "let it begin all the same with"))
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
    public static let spec = OperationSpec(
        "task.complete", "Mark a task as done", .write, route: .post("/v1/tasks/{task}/complete"), effect: .bringsWork,
        errors: [.taskNotFound, .conflict, .tooLarge])

    public static func run(_ input: EndTaskInput, in town: OpenTown) async throws -> EndedTask {
        try await town.checkGoal(input.task)
        return try await input.end(in: town) { .complete($0 ?? "Completed") }
    }
}

public struct FailTask: Operation {
    public static let spec = OperationSpec(
        "task.fail", "Mark a task as failed", .write, route: .post("/v1/tasks/{task}/fail"), effect: .bringsWork,
        errors: [.taskNotFound, .conflict])

    public static func run(_ input: EndTaskInput, in town: OpenTown) async throws -> EndedTask {
        try await input.end(in: town) { .fail($0 ?? "Failed") }
    }
}

public struct CancelTask: Operation {
    public static let spec = OperationSpec(
        "task.cancel", "Cancel a task", .write, route: .post("/v1/tasks/{task}/cancel"), effect: .bringsWork,
        errors: [.taskNotFound, .conflict])

    public static func run(_ input: EndTaskInput, in town: OpenTown) async throws -> EndedTask {
        try await input.end(in: town) { .cancel($0 ?? "Cancelled") }
    }
}

/// Lets a task that waits begin all the same.
public struct ReleaseTask: Operation {
    public static let spec = OperationSpec(
        "task.release", "Start a task without waiting for its dependencies", .write,
        route: .post("/v1/tasks/{task}/release"), effect: .bringsWork, errors: [.taskNotFound, .conflict])

    public static func run(_ input: TaskInput, in town: OpenTown) async throws -> TaskOutput {
        guard let reference = input.task else { throw OperationError(.invalid, "no task was named") }
        let task = try await town.task(reference)
        guard task.isWaiting else {
            throw OperationError(
                .conflict, "task \(task.id.description.prefix(8)) waits for nothing: it is \(task.state.rawValue)",
                .operation("task.list", ["state": "waiting"], why: "see what waits"))
        }
        let moved = try await town.store.move(
            task.id, .release, by: try await town.sender(nil).id, announcement: town.newID(), now: town.time.now())
        return try await town.view(of: moved)
    }
}

extension EndTaskInput: Described {
    public static let fields =
        [
            Field(
                "task", "its id, or the first digits; the task of the turn in which this is called if omitted", .task),
            Field("result", "what came out of it, or why it ended"),
        ] as [Field<Self>]
}
