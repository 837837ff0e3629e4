import Model
import Operations
import Terminal

/// Follows a conductor towards its goal, which hosts see to, and says when a person is needed.
struct GoalRun: Sendable {
    let town: OpenTown
    let goal: TaskID

    /// One look at the town.
    /// - Throws: `CommandFailure` (`needs_person`).
    func look(_ context: CommandContext) async throws -> TownWait.Look {
        let seen = try await context.call(FollowGoal.self, .init(goal: goal.description), in: town)
        if seen.hasEnded { return .done }
        if let need = seen.need { throw CommandFailure(need, goal: goal) }
        let names = seen.working.map(TerminalText.line).joined(separator: ", ")
        return .waiting(
            "   \(seen.done) of \(seen.total) tasks done" + (names.isEmpty ? "" : "; working: \(names)"))
    }

    /// Prints how it ended.
    func finish(_ context: CommandContext) async throws {
        let output = try await context.call(ShowTask.self, TaskInput(task: goal.description), in: town)
        try context.show(output) { output in
            let result = TerminalText.line(output.task.result ?? "")
            return [
                output.task.state == .completed
                    ? "🏁 The goal is reached: \(result)" : "❌ The goal is \(output.task.state.rawValue): \(result)"
            ]
        }
        if output.task.state != .completed {
            throw CommandFailure(
                .failed, code: "goal_\(output.task.state.rawValue)", "the goal was not reached",
                hint: "see: tt history, tt logs \(Conductor.name)")
        }
    }
}

extension CommandFailure {
    /// Says what a person has to do for a goal.
    fileprivate init(_ need: FollowGoal.Need, goal: TaskID) {
        let again = "run this again to go on"
        let (message, hint) =
            switch need.kind {
            case .removed: ("the conductor was removed from the town", "give the goal again to go on")
            case .stopped:
                (
                    "the conductor was stopped",
                    "\(again), or call the goal off: tt task cancel \(goal.description.prefix(8))"
                )
            case .paused:
                ("the conductor is paused: \(need.detail ?? "by request")", "fix that, then run this again")
            case .failed:
                (
                    "the conductor stopped with an error: \(need.detail ?? "see its log")",
                    "see tt logs \(need.agent), then \(again)"
                )
            case .outOfTurns:
                (
                    "the conductor has taken all its turns\(need.detail.map { " (\($0))" } ?? "")",
                    "see tt logs \(need.agent), then \(again)"
                )
            case .ownerPaused:
                (
                    "'\(need.agent)' is paused: \(need.detail ?? "by request")",
                    "fix that, then: tt resume \(need.agent), and run this again"
                )
            case .question:
                (
                    "\(need.agent) asks: \(need.detail ?? "")",
                    "answer with: tt send \(need.agent) \"…\" — and run this again"
                )
            case .standstill:
                (
                    "nothing moves any more, and the conductor does not go on",
                    "see tt status and tt logs \(need.agent); tell it what to do with tt send \(need.agent) \"…\""
                )
            }
        self.init(.needsPerson, code: "needs_person", "a person is needed: \(message)", hint: hint)
    }
}
