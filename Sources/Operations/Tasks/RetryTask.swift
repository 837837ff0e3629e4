import Model

/// Begins a task that failed or was cancelled anew: the same task, with new attempts.
public struct RetryTask: Operation {
    public static let spec = OperationSpec(
        "task.retry", "Begin a failed or cancelled task anew", .write, route: .post("/v1/tasks/{task}/retry"),
        effect: .bringsWork, errors: [.taskNotFound, .conflict])

    public struct Output: Codable, Sendable, Equatable {
        public var task: TaskView
        /// The agent that has it again; null where it is in the backlog.
        @OrNull public var agent: AgentView?
    }

    public static func run(_ input: TaskInput, in town: OpenTown) async throws -> Output {
        guard let reference = input.task else { throw OperationError(.invalid, "no task was named") }
        let task = try await town.task(reference)
        let id = task.id.description.prefix(8)
        guard task.state == .failed || task.state == .cancelled else {
            throw OperationError(
                .conflict, "task \(id) is \(task.state.rawValue); only one that failed or was cancelled begins anew",
                .operation("task.show", ["task": String(id)], why: "see it"))
        }
        let moved = try await town.store.move(
            task.id, .retry, by: try await town.sender(nil).id, announcement: town.newID(), now: town.time.now())
        var output = Output(task: try await town.view(of: moved).task, agent: nil)
        if let owner = moved.assignedTo, let agent = try await town.store.agent(owner) {
            output.agent = try await town.views(of: [agent])[0]
        }
        return output
    }
}
