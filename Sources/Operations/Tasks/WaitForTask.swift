import Model

/// Returns when a task has ended. The store tells of changes; nothing is asked again and again.
public struct WaitForTask: Operation {
    public static let spec = OperationSpec(
        "task.wait", "Wait until a task has ended", .read, route: .get("/v1/tasks/{task}/end"), effect: .needsHost,
        errors: [.taskNotFound, .timedOut])

    public struct Input: Codable, Sendable, Equatable {
        public var task: String
        /// Nil waits for ever; 0 only looks.
        public var timeoutSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case task
            case timeoutSeconds = "timeout_seconds"
        }

        public init(task: String, timeoutSeconds: Double? = nil) {
            self.task = task
            self.timeoutSeconds = timeoutSeconds
        }
    }

    /// - Returns: the task as it ended.
    public static func run(_ input: Input, in town: OpenTown) async throws -> TaskOutput {
        if let seconds = input.timeoutSeconds, !(0...1e9).contains(seconds) {
            throw OperationError(.invalid, "invalid timeout in seconds: \(seconds)")
        }
        // Subscribed first, so that no change is missed between looking and waiting.
        let changes = try await town.store.changes()
        let task = try await town.task(input.task)
        if let caller = try await town.callingAgent(), task.assignedTo == caller.id, !task.state.isTerminal {
            throw OperationError(
                .conflict, "\(caller.name) would wait for its own task \(task.id.short)",
                hint: "complete it or fail it first")
        }
        let ended = try await withThrowingTaskGroup(of: AgentTask?.self) { group in
            group.addTask { try await end(of: task, in: town, changes) }
            if let seconds = input.timeoutSeconds {
                group.addTask {
                    // Looking comes first, so that a task which has ended is never reported as late.
                    let now = try await look(at: task, in: town)
                    if now.state.isTerminal { return now }
                    try await town.time.sleep(for: Duration(outsideSeconds: seconds))
                    return nil
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let ended else {
            let now = try await look(at: task, in: town)
            throw OperationError(
                .timedOut, "task \(task.id.description.prefix(8)) has not ended in time: it is \(now.state.rawValue)",
                .operation("task.show", ["task": String(task.id.description.prefix(8))], why: "see what holds it up"))
        }
        return try await town.view(of: ended)
    }

    private static func end(of task: AgentTask, in town: OpenTown, _ changes: AsyncStream<Void>) async throws
        -> AgentTask
    {
        var rings = changes.makeAsyncIterator()
        while true {
            let now = try await look(at: task, in: town)
            if now.state.isTerminal { return now }
            guard await rings.next() != nil else { throw CancellationError() }
        }
    }

    private static func look(at task: AgentTask, in town: OpenTown) async throws -> AgentTask {
        guard let now = try await town.store.task(task.id) else {
            throw OperationError(.taskNotFound, "task \(task.id) was removed from the town while it was waited for")
        }
        return now
    }
}

extension WaitForTask.Input: Described {
    public static let fields =
        [
            Field("task", "its id, or the first digits", .task),
            Field("timeout_seconds", "give up after so long; 0 only looks, never if omitted"),
        ] as [Field<Self>]
}
