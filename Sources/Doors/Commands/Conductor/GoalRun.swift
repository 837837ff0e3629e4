import Configuration
import Model
import Operations
import Synchronization
import Terminal

/// Follows a conductor towards its goal: wakes it where everything stands still, and says when a person is needed.
///
/// All state that matters is in the store; one that is killed loses nothing.
final class GoalRun: Sendable {
    private let town: Town
    private let goal: TaskID
    private let state = Mutex(State())

    private struct State {
        var nudges = 0
        /// The work as it was when the conductor was woken last.
        var seen: [String] = []
    }

    init(town: Town, goal: TaskID) {
        self.town = town
        self.goal = goal
    }

    /// One look at the town.
    /// - Throws: `CommandFailure` (`needs_person`).
    func look() async throws -> TownWait.Look {
        guard let task = try await town.store.task(goal), !task.state.isTerminal else { return .done }
        try await surfaceQuestion()
        guard let conductor = try await town.store.agent(Conductor.id) else {
            throw needsPerson("the conductor was removed from the town", "give the goal again to go on")
        }
        if conductor.state == .paused {
            throw needsPerson(
                "the conductor is paused: \(conductor.attention ?? "by request")", "fix that, then run this again")
        }
        if conductor.state == .error || conductor.isOutOfRounds && conductor.state.isTerminal {
            throw needsPerson(
                conductor.isOutOfRounds
                    ? "the conductor's \(conductor.maxRounds) turns are used up"
                    : "the conductor stopped with an error: \(conductor.attention ?? "see its log")",
                "see tt logs \(Conductor.name), then run this again to go on")
        }
        let agents = Dictionary(uniqueKeysWithValues: try await town.store.agents().map { ($0.id, $0) })
        let work = try await Conductor.work(in: town)
        let open = work.filter { !$0.state.isTerminal }
        for task in open {
            guard let owner = task.assignedTo.flatMap({ agents[$0] }), owner.state == .paused else { continue }
            throw needsPerson(
                "'\(owner.name)' is paused: \(owner.attention ?? "by request")",
                "fix that, then: tt resume \(owner.name), and run this again")
        }
        let busy = try await town.store.pulse().filter {
            $0.lease != nil || ($0.hasWork && $0.agent.state.canTakeTurns && !$0.agent.isOutOfRounds)
        }
        if busy.isEmpty { try await wake(conductor, open, work, agents) }
        let names = busy.map { TerminalText.line($0.agent.name) }.joined(separator: ", ")
        return .waiting(
            "   \(work.count - open.count) of \(work.count) tasks done"
                + (names.isEmpty ? "" : "; working: \(names)"))
    }

    /// Prints how it ended and lets the conductor stop.
    func finish(_ context: CommandContext) async throws {
        if let agent = try await town.store.agent(Conductor.id), !agent.state.isTerminal {
            _ = try? await town.store.change(Conductor.id, .stop(.whenEmpty), now: town.time.now())
        }
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

    // A question to the supervisor is for a person. It counts as told once it is shown; who is not answered asks again.
    private func surfaceQuestion() async throws {
        let waiting = try await town.store.inbox(.supervisor, page: Page(limit: 200))
        for delivery in waiting where delivery.state == .queued {
            guard case .query(let question) = delivery.message.body,
                let asker = try await town.store.agent(delivery.message.from)
            else { continue }
            guard try await town.store.acknowledge(delivery.message.id, of: .supervisor, now: town.time.now()) else {
                continue
            }
            throw needsPerson(
                "\(asker.name) asks: \(question)",
                "answer with: tt send \(asker.name) \"…\" — and run this again")
        }
    }

    // Nothing moves and the goal is open: the conductor is told what there is, a few times, then a person.
    private func wake(
        _ conductor: Agent, _ open: [AgentTask], _ work: [AgentTask], _ agents: [AgentID: Agent]
    ) async throws {
        let present = work.map { "\($0.id) \($0.state.rawValue)" }
        let number = state.withLock { state in
            if state.seen != present { state = State(nudges: 0, seen: present) }
            state.nudges += 1
            return state.nudges
        }
        guard number <= 3 else {
            throw needsPerson(
                "nothing moves any more, and the conductor does not go on",
                "see tt status and tt logs \(Conductor.name); tell it what to do with tt send \(Conductor.name) \"…\"")
        }
        if conductor.state.isTerminal {
            try await town.store.change(Conductor.id, .restart(maxRounds: nil), now: town.time.now())
        }
        var lines = ["Nobody is working, and your goal (task \(goal)) is open."]
        for task in open {
            let owner = task.assignedTo.flatMap { agents[$0] }
            let state = owner.map { "\($0.name), who is \($0.state.rawValue)" } ?? "nobody"
            lines.append(
                "- task \(task.id): \(task.state.rawValue), owned by \(state)\(task.isWaiting ? ", waits" : "")")
        }
        if open.isEmpty {
            let objection = Conductor.objection(to: work)
            lines.append(
                objection.map { "Before it can be completed: \($0.problem)." }
                    ?? "All work has ended. If the goal is reached: tt task complete \(goal) --result \"…\"")
        } else {
            lines.append("Bring back agents that ended with tt restart NAME, or give their tasks to others.")
        }
        let message = Message(
            id: town.newID(), from: .supervisor, to: Conductor.id,
            body: .task(description: lines.joined(separator: "\n")), createdAt: town.time.now())
        _ = try await town.store.send([message], limits: town.configuration.sendLimits)
    }

    private func needsPerson(_ message: String, _ hint: String) -> CommandFailure {
        CommandFailure(.needsPerson, code: "needs_person", "a person is needed: \(message)", hint: hint)
    }
}
