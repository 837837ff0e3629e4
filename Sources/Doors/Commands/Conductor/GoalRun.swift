import Engine
import Model
import Operations
import Terminal

/// Follows a conductor towards its goal, which hosts see to, and says when a person is needed.
struct GoalRun: Sendable {
    let town: OpenTown
    let goal: TaskID

    /// One look at the town.
    /// - Throws: `CommandFailure` (`needs_person`).
    func look() async throws -> TownWait.Look {
        guard let task = try await town.store.task(goal), !task.state.isTerminal else { return .done }
        if let kept = try await Kept<Goal>(in: town.store).value(at: Goal.place), kept.task == goal,
            let need = kept.need
        {
            // It counts as told once it is shown; who is not answered asks again.
            if let message = need.message {
                _ = try await town.store.acknowledge(message, of: .supervisor, now: town.time.now())
            }
            throw CommandFailure(need, goal: task.id)
        }
        let work = try await Conductor.work(in: town)
        let names = try await town.store.pulse().filter(\.isBusy).map { TerminalText.line($0.agent.name) }
        return .waiting(
            "   \(work.filter(\.state.isTerminal).count) of \(work.count) tasks done"
                + (names.isEmpty ? "" : "; working: \(names.joined(separator: ", "))"))
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
    fileprivate init(_ need: GoalNeed, goal: TaskID) {
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
