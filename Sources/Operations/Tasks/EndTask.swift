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

    func end(in town: Town, _ move: (String?) -> TaskMove) async throws -> TaskOutput {
        let task = try await town.task(orCurrent: task)
        guard !task.state.isTerminal else {
            throw OperationError(
                .conflict, "task \(task.id.description.prefix(8)) is \(task.state.rawValue) already and stays so",
                hint: "see it: tt task show \(task.id.description.prefix(8))")
        }
        let by = try await town.sender(nil).id
        let moved = try await town.store.move(
            task.id, move(result), by: by, announcement: town.newID(), now: town.time.now())
        return try await town.view(of: moved)
    }
}

public struct CompleteTask: Operation {
    public static let name = "task.complete"
    public static let summary = "Say that a task is done"
    public static let scope = Scope.write

    public init() {}

    public func run(_ input: EndTaskInput, in town: Town) async throws -> TaskOutput {
        try await input.end(in: town) { .complete($0 ?? "Completed") }
    }
}

public struct FailTask: Operation {
    public static let name = "task.fail"
    public static let summary = "Say that a task cannot be done"
    public static let scope = Scope.write

    public init() {}

    public func run(_ input: EndTaskInput, in town: Town) async throws -> TaskOutput {
        try await input.end(in: town) { .fail($0 ?? "Failed") }
    }
}

public struct CancelTask: Operation {
    public static let name = "task.cancel"
    public static let summary = "Call a task off"
    public static let scope = Scope.write

    public init() {}

    public func run(_ input: EndTaskInput, in town: Town) async throws -> TaskOutput {
        try await input.end(in: town) { .cancel($0 ?? "Cancelled") }
    }
}
