import Engine
import Model
import Testing

private let now = Timestamp(microseconds: 1_800_000_000_000_000)
private let goalID = TaskID(high: 7, low: 7)

private func agent(_ id: AgentID, _ name: String, _ change: (inout Agent) -> Void = { _ in }) -> Agent {
    var agent = Agent(id: id, name: name, cli: "x", createdAt: now)
    agent.state = .idle
    change(&agent)
    return agent
}

private func conductor(_ change: (inout Agent) -> Void = { _ in }) -> Agent {
    agent(Conductor.id, Conductor.name, change)
}

private let builderID = AgentID(high: 3, low: 3)
private func builder(_ change: (inout Agent) -> Void = { _ in }) -> Agent { agent(builderID, "builder", change) }

private func task(_ number: UInt64, _ state: TaskState, of owner: AgentID? = nil) -> AgentTask {
    var task = AgentTask(
        id: TaskID(high: number, low: 1), description: "piece \(number)", createdBy: Conductor.id, createdAt: now)
    (task.state, task.assignedTo) = (state, owner)
    return task
}

private func lease(_ agent: AgentID, since start: Timestamp) -> LeaseRecord {
    LeaseRecord(
        token: LeaseToken(agent: agent, epoch: 1, turn: TurnID(high: 1, low: 1), host: HostID(high: 1, low: 1)),
        startedAt: start, expiresAt: start + .seconds(30))
}

private func view(
    _ agents: [Agent] = [conductor()], work: [AgentTask] = [], busy: [AgentID: LeaseRecord?] = [:],
    state: TaskState = .pending, questions: [GoalView.Question] = []
) -> GoalView {
    var goal = AgentTask(id: goalID, description: "the goal", createdBy: .supervisor, createdAt: now)
    goal.state = state
    let pulses = agents.filter { !$0.state.isTerminal }.map {
        AgentPulse(agent: $0, hasWork: busy[$0.id] != nil, lease: busy[$0.id] ?? nil)
    }
    return GoalView(task: goal, agents: agents, work: work, pulses: pulses, questions: questions)
}

@Suite struct GoalTests {
    @Test func `while somebody works, nobody is woken`() {
        var goal = Goal(task: goalID)
        #expect(goal.decide(view([conductor(), builder()], busy: [builderID: nil])) == .none)
        #expect(goal == Goal(task: goalID))
    }

    @Test func `the conductor is woken three times while its work stays as it is, and then a person is needed`() {
        var goal = Goal(task: goalID)
        let still = view([conductor(), builder()], work: [task(1, .assigned, of: builderID)])
        for _ in 1...3 {
            guard case .nudge(let text, restarts: false) = goal.decide(still) else {
                Issue.record("nobody was woken")
                return
            }
            #expect(text.contains("builder, who is idle"))
            #expect(goal.need == nil)
        }
        #expect(goal.decide(still) == .none)
        #expect(goal.need?.kind == .standstill)
        // What has moved counts anew.
        guard case .nudge = goal.decide(view([conductor(), builder()], work: [task(1, .completed, of: builderID)]))
        else {
            Issue.record("nobody was woken after the work had changed")
            return
        }
        #expect(goal.need == nil)
    }

    @Test func `what a person has to do is noted, and goes away with its reason`() {
        let paused = conductor {
            ($0.state, $0.attention) = (.paused, "no key")
        }
        let used = conductor { ($0.state, $0.maxTurns, $0.turnsSinceStart) = (.stopped, 2, 2) }
        let owner = builder { $0.state = .paused }
        let cases: [(GoalView, GoalObstacle, String?)] = [
            (view([]), .removed, nil), (view([paused]), .paused, "no key"),
            (view([conductor { $0.state = .error }]), .failed, nil), (view([used]), .outOfTurns, "2"),
            (view([conductor { $0.state = .stopped }]), .stopped, nil),
            (view([conductor { $0.stopRequest = .afterTurn }]), .stopped, nil),
            (view([conductor(), owner], work: [task(1, .assigned, of: builderID)]), .ownerPaused, nil),
        ]
        for (seen, kind, detail) in cases {
            var goal = Goal(task: goalID)
            #expect(goal.decide(seen) == .none, "\(kind)")
            #expect(goal.need?.kind == kind && goal.need?.detail == detail)
            guard case .nudge = goal.decide(view()) else {
                Issue.record("\(kind) stays for ever")
                continue
            }
            #expect(goal.need == nil)
        }
    }

    @Test func `a question waits for its answer, however often somebody looks`() {
        var goal = Goal(task: goalID)
        let question = GoalView.Question(
            message: MessageID(high: 9, low: 9), text: "which colour?", asker: conductor(), askedAt: now)
        // It is asked in a turn.
        _ = goal.decide(
            view(busy: [Conductor.id: lease(Conductor.id, since: now - .seconds(1))], questions: [question]))
        #expect(goal.need?.kind == .question && goal.need?.message == question.message)
        // A person reads it, and the turn ends.
        #expect(goal.decide(view(busy: [Conductor.id: lease(Conductor.id, since: now - .seconds(1))])) == .none)
        let after = conductor { $0.turnsCompleted = 1 }
        for _ in 1...5 { #expect(goal.decide(view([after])) == .none) }
        #expect(goal.need?.kind == .question)
        // The answer comes.
        #expect(goal.decide(view([after], busy: [Conductor.id: nil])) == .none)
        #expect(goal.need == nil)
        guard case .nudge = goal.decide(view([conductor { $0.turnsCompleted = 2 }])) else {
            Issue.record("nobody was woken after the answer")
            return
        }
    }

    @Test func `a conductor that still ends after an earlier goal comes back, and only once`() {
        let ending = conductor { $0.stopRequest = .whenEmpty }
        var goal = Goal(task: goalID, conductor: ending)
        #expect(goal.decide(view([ending], busy: [Conductor.id: nil])) == .none)
        #expect(goal.need == nil)
        guard case .nudge(_, restarts: true) = goal.decide(view([conductor { $0.state = .stopped }])) else {
            Issue.record("it did not come back")
            return
        }
        #expect(goal.decide(view([conductor { $0.state = .stopped }])) == .none)
        #expect(goal.need?.kind == .stopped)
    }

    @Test func `a goal that has ended is forgotten`() {
        for state in [TaskState.completed, .failed, .cancelled] {
            var goal = Goal(task: goalID)
            #expect(goal.decide(view(state: state)) == .end)
        }
    }
}
