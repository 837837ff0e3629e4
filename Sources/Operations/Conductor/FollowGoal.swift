import Engine
public import Model

/// One look at how far a goal is, which hosts see to. What it says that a person has to do counts as told: who asked it
/// asks again if nobody answers.
public struct FollowGoal: Operation {
    public static let spec = OperationSpec(
        "conductor.follow", "Look at how far a goal is and whether it needs a person", .write,
        discussion: "A question that the answer holds counts as shown to the person.",
        route: .post("/v1/conductor/follow"), isIdempotent: true, errors: [.taskNotFound])

    public struct Input: Codable, Sendable, Equatable {
        public var goal: String

        public init(goal: String) { self.goal = goal }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var task: TaskView
        /// Tasks that the conductor gave and that have ended.
        public var done: Int
        /// Tasks that the conductor gave.
        public var total: Int
        /// The names of the agents whose turns run.
        public var working: [String]
        /// What only a person can do, while the goal is open; nil if nothing.
        public var need: Need?

        /// Whether the goal has ended, whichever way.
        public var hasEnded: Bool { task.state.isTerminal }
    }

    /// What only a person can do for a goal.
    public struct Need: Codable, Sendable, Equatable {
        public var kind: GoalObstacle
        /// The name of the agent that it is about.
        public var agent: String
        /// What it says: a reason, or the question.
        public var detail: String?
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let goal = try await town.task(input.goal)
        let work = try await Conductor.work(in: town)
        var output = Output(
            task: try await town.view(of: goal).task, done: work.count(where: \.state.isTerminal), total: work.count,
            working: try await town.store.pulse().filter(\.isBusy).map(\.agent.name))
        guard !goal.state.isTerminal, let kept = try await Kept<Goal>(in: town.store).value(at: Goal.place),
            kept.task == goal.id, let need = kept.need
        else { return output }
        if let message = need.message {
            _ = try await town.store.acknowledge(message, of: .supervisor, now: town.time.now())
        }
        output.need = Need(kind: need.kind, agent: need.agent, detail: need.detail)
        return output
    }
}

extension FollowGoal.Input: Described {
    public static let fields =
        [
            Field("goal", "the id of the goal's task, or how it begins", .task)
        ] as [Field<Self>]
}
