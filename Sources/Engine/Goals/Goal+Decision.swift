package import Model

/// The town as it is for a goal.
package struct GoalView: Sendable {
    /// A question to the person that nobody has read.
    package struct Question: Sendable {
        package var message: MessageID
        package var text: String
        package var asker: Agent
        package var askedAt: Timestamp

        package init(message: MessageID, text: String, asker: Agent, askedAt: Timestamp) {
            self.message = message
            self.text = text
            self.asker = asker
            self.askedAt = askedAt
        }
    }

    /// The task that is the goal, if it is still there.
    package var task: AgentTask?
    package var conductor: Agent?
    package var agents: [AgentID: Agent]
    /// What the conductor gave.
    package var work: [AgentTask]
    package var pulses: [AgentPulse]
    /// The oldest first.
    package var questions: [Question]

    package init(
        task: AgentTask?, agents: [Agent], work: [AgentTask], pulses: [AgentPulse], questions: [Question] = []
    ) {
        self.task = task
        self.agents = Dictionary(uniqueKeysWithValues: agents.map { ($0.id, $0) })
        conductor = self.agents[Conductor.id]
        self.work = work
        self.pulses = pulses
        self.questions = questions
    }

    package var isOver: Bool { task.map(\.state.isTerminal) ?? true }
    package var open: [AgentTask] { work.filter { !$0.state.isTerminal } }
    /// Those that take a turn, or are about to.
    package var busy: [Agent] { pulses.filter(\.isBusy).map(\.agent) }
}

extension AgentPulse {
    /// Takes a turn, or is about to.
    package var isBusy: Bool { lease != nil || (hasWork && agent.state.canTakeTurns && !agent.isOutOfRounds) }
}

extension Goal {
    /// What has to happen now.
    package enum Action: Sendable, Equatable {
        case none
        /// The conductor is told what there is.
        case nudge(String, restarts: Bool)
        /// The goal is over: it is forgotten, and the conductor may end.
        case end
    }

    /// Decides what follows from the town as it is. Pure: what is seen goes in, what to do comes out.
    package mutating func decide(_ view: GoalView) -> Action {
        guard !view.isOver else { return .end }
        let comesBack = restarts && view.conductor.map { $0.state == .stopped && !$0.isOutOfRounds } == true
        if let obstacle = obstacle(view, comesBack) {
            set(obstacle)
            return .none
        }
        if let question = view.questions.first {
            need = asked(question, view)
            return .none
        }
        if let need, need.kind == .question, !isPast(need, view) { return .none }
        guard view.busy.isEmpty else {
            need = nil
            return .none
        }
        let present = Self.digest(view.work)
        if seen != present { (seen, nudges, need) = (present, 0, nil) }
        guard nudges < Self.mostNudges else {
            set(GoalNeed(.standstill))
            return .none
        }
        nudges += 1
        need = nil
        if comesBack { restarts = false }
        return .nudge(Self.text(view), restarts: comesBack)
    }

    private mutating func set(_ new: GoalNeed) {
        // What is known already keeps its message.
        if let need, (need.kind, need.agent, need.detail) == (new.kind, new.agent, new.detail) { return }
        need = new
    }

    /// What is in the way of the conductor, or of those who work for it.
    private func obstacle(_ view: GoalView, _ comesBack: Bool) -> GoalNeed? {
        guard let conductor = view.conductor else { return GoalNeed(.removed) }
        if conductor.state == .paused { return GoalNeed(.paused, Conductor.name, conductor.attention) }
        if conductor.state.isTerminal, conductor.isOutOfRounds {
            return GoalNeed(.outOfTurns, Conductor.name, String(conductor.maxTurns))
        }
        if conductor.state == .error { return GoalNeed(.failed, Conductor.name, conductor.attention) }
        if conductor.state.isTerminal ? !comesBack : conductor.stopRequest != nil && !restarts {
            return GoalNeed(.stopped)
        }
        for task in view.open {
            guard let owner = task.assignedTo.flatMap({ view.agents[$0] }), owner.state == .paused else { continue }
            return GoalNeed(.ownerPaused, owner.name, owner.attention)
        }
        return nil
    }

    private func asked(_ question: GoalView.Question, _ view: GoalView) -> GoalNeed {
        var new = GoalNeed(.question, question.asker.name, question.text)
        new.message = question.message
        if need?.message == question.message { return need ?? new }
        let lease = view.pulses.first { $0.agent.id == question.asker.id }?.lease
        let isAskersTurn = lease.map { $0.startedAt <= question.askedAt } ?? false
        new.round = question.asker.turnsCompleted + (isAskersTurn ? 1 : 0)
        return new
    }

    /// Whether somebody has gone on since the question was asked. Until then it waits for its answer: it was read, or the
    /// conductor would be told about it again and again.
    private func isPast(_ need: GoalNeed, _ view: GoalView) -> Bool {
        guard let asker = view.agents.values.first(where: { $0.name == need.agent }), let round = need.round else {
            return true
        }
        let isBusy = view.pulses.contains { $0.agent.id == asker.id && $0.isBusy }
        return asker.turnsCompleted > round || (asker.turnsCompleted == round && isBusy)
    }

    /// Changes when the work does. Only compared, by the same version or a later one: a wrong answer costs one wake-up.
    private static func digest(_ work: [AgentTask]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in work.lazy.flatMap({ "\($0.id) \($0.state.rawValue)\n".utf8 }) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return "\(work.count)-" + String(hash, radix: 16)
    }

    /// What the conductor is told if nobody works.
    private static func text(_ view: GoalView) -> String {
        let goal = view.task.map(\.id.description) ?? ""
        var lines = ["Nobody is working, and your goal (task \(goal)) is open."]
        for task in view.open {
            let owner = task.assignedTo.flatMap { view.agents[$0] }
            let state = owner.map { "\($0.name), who is \($0.state.rawValue)" } ?? "nobody"
            lines.append(
                "- task \(task.id): \(task.state.rawValue), owned by \(state)\(task.isWaiting ? ", waits" : "")")
        }
        if view.open.isEmpty {
            let objection = Conductor.objection(to: view.work)
            lines.append(
                objection.map { "Before it can be completed: \($0.problem)." }
                    ?? "All work has ended. If the goal is reached: tt task complete \(goal) --result \"…\"")
        } else {
            lines.append("Bring back agents that ended with tt restart NAME, or give their tasks to others.")
        }
        return lines.joined(separator: "\n")
    }
}
