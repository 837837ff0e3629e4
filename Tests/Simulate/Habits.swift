import Model
import Synchronization

/// What an agent does instead of its work, so that a town would never come to rest by itself.
enum Habit: Sendable {
    /// Answers whatever it gets, to this agent.
    case answers(AgentID)
    /// Hands its tasks to this agent.
    case passesOn(AgentID)
    /// Gives this agent a new task in each of its turns.
    case orders(AgentID)
    /// Leaves its tasks open.
    case leaves
}

extension World {
    /// Lets two agents go round in circles.
    func makeCircle(of agents: [AgentID]) {
        guard agents.count >= 2, chance(0.4) else { return }
        let (one, other) = (agents[0], agents[1])
        let both: (Habit, Habit?)
        switch number(0..<9) {
        case 0: both = (.orders(other), nil)
        case 1, 2: both = (.answers(other), .answers(one))
        case 3, 4: both = (.passesOn(other), .passesOn(one))
        case 5, 6: both = (.orders(other), .leaves)
        default: both = (.orders(other), .passesOn(one))
        }
        witness.note("a circle: \(one.short) \(both.0), \(other.short) \(String(describing: both.1))")
        habits.withLock { habits in
            habits[one] = both.0
            habits[other] = both.1
        }
    }

    /// Nil for an agent that does its work.
    func habit(of agent: AgentID) -> Habit? { isCured ? nil : habits.withLock { $0[agent] } }
}

extension AgentScript {
    func indulge(_ habit: Habit) async {
        let store = world.client(on: machine)
        switch habit {
        case .answers(let other):
            var message = Message(
                id: MessageID(random: world.random), from: agent, to: other,
                body: .task(description: "answer \(request.turn)"),
                createdAt: now)
            message.idempotencyKey = "\(request.turn)"
            let letter = message
            await attempt { () async throws(StoreError) in _ = try await store.send([letter], limits: SendLimits()) }
        case .passesOn(let other):
            for task in assignedTasks() {
                for move in [TaskMove.requeue, .assign(other)] {
                    await attempt { () async throws(StoreError) in
                        _ = try await store.move(
                            task, move, by: agent, announcement: MessageID(random: world.random), now: now)
                    }
                }
            }
        case .orders(let other):
            for task in assignedTasks() {
                await attempt { () async throws(StoreError) in
                    _ = try await store.move(
                        task, .complete("ordered"), by: agent, announcement: MessageID(random: world.random), now: now)
                }
            }
            let task = AgentTask(
                id: TaskID(random: world.random), description: "order \(request.turn)", createdBy: agent, createdAt: now
            )
            let new = NewTask(task, assignee: Assignment(agent: other, announcement: MessageID(random: world.random)))
            await attempt { () async throws(StoreError) in try await store.create([new]) }
        case .leaves: break
        }
    }
}
