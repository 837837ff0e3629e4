public import Model

extension Conductor {
    /// The tasks that it gave, oldest first.
    public static func work(in town: OpenTown) async throws -> [AgentTask] {
        try await everything { try await town.store.tasks(TaskFilter(), page: $0) }.filter { $0.createdBy == id }
    }
}

extension OpenTown {
    /// Refuses to complete the goal of a conductor before a reviewer approved the work.
    func checkGoal(_ reference: String?) async throws {
        guard let caller = try await callingAgent(), caller.id == Conductor.id else { return }
        let task = try await task(orCurrent: reference)
        guard task.tags.contains(Conductor.goalTag), !task.state.isTerminal else { return }
        guard let objection = Conductor.objection(to: try await Conductor.work(in: self)) else { return }
        throw OperationError(.conflict, "the goal is not reached: \(objection.problem)", objection.remedy)
    }
}

extension Conductor.Objection {
    /// What the conductor can do about it.
    var remedy: Remedy {
        switch lack {
        case .ends: .operation("task.cancel", ["task": "ID"], why: "you are told when they end; or call one off")
        case .approval:
            .operation(
                "task.assign", ["agent": "reviewer", "task": "Review …", "depends_on": "ID"],
                why: "give out work and its review")
        case .review(let task):
            .operation(
                "task.assign",
                [
                    "agent": "reviewer", "task": "Review …", "tags": Conductor.reviewTag,
                    "depends_on": String(task.description.prefix(8)),
                ])
        }
    }
}
