import Configuration
import Engine
import Model

/// Gives the conductor a goal, or lets it go on with the one that it has. Repeating it changes nothing.
public struct StartGoal: Operation {
    public static let spec = OperationSpec(
        "conductor.start", "Give the conductor a goal", .manage, route: .post("/v1/conductor/goal"),
        effect: .bringsWork, isIdempotent: true, errors: [.conflict])

    public struct Input: Codable, Sendable, Equatable {
        public var goal: String
        public var cli: String?
        /// Turns that it may take; 0 means no limit.
        public var maxTurns: Int?
        /// The goal that the caller follows, if it does: it is not begun anew where it has ended meanwhile.
        public var following: String?

        enum CodingKeys: String, CodingKey {
            case goal, cli, following
            case maxTurns = "max_rounds"
        }

        public init(goal: String, cli: String? = nil, maxTurns: Int? = nil, following: String? = nil) {
            self.following = following
            self.goal = goal
            self.cli = cli
            self.maxTurns = maxTurns
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// The task that is the goal. The supervisor gave it.
        public var task: TaskView
        public var agent: AgentView
        /// True where the conductor had this goal already.
        public var resumed: Bool
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        guard input.goal.contains(where: { !$0.isWhitespace }) else {
            throw OperationError(.invalid, "the goal is empty")
        }
        try town.checkMessage(input.goal)
        if let followed = input.following.flatMap({ TaskID($0) }), let task = try await town.store.task(followed),
            task.state.isTerminal, task.description == input.goal, let agent = try await town.store.agent(Conductor.id)
        {
            return Output(task: try await town.view(of: task).task, agent: AgentView(agent), resumed: true)
        }
        let open = try await everything {
            try await town.store.tasks(TaskFilter(states: [.pending, .assigned, .running]), page: $0)
        }.first { $0.tags.contains(Conductor.goalTag) && $0.createdBy == .supervisor }
        if let open, open.description != input.goal {
            let id = open.id.description.prefix(8)
            throw OperationError(
                .conflict, "the conductor works towards another goal: \(open.title)",
                .operation("task.cancel", ["task": String(id)], why: "let it finish, or call it off"))
        }
        // The goal first, then who works on it, then the message, then what hosts follow: whatever step a crash comes after, the next run
        // does the rest.
        let goal: AgentTask
        if let open {
            goal = open
        } else {
            goal = AgentTask(
                id: town.newID(), description: input.goal, createdBy: .supervisor, createdAt: town.time.now(),
                tags: [Conductor.goalTag])
            try await town.store.create(goal, assignee: nil)
        }
        let agent = try await conductor(input, in: town)
        var message = Message(
            id: town.newID(), from: .supervisor, to: Conductor.id, body: .task(description: text(goal)),
            createdAt: town.time.now())
        message.idempotencyKey = "goal-\(goal.id)"
        _ = try await town.store.send([message], limits: town.configuration.sendLimits)
        try await followed(goal.id, in: town)
        return Output(
            task: try await town.view(of: goal).task, agent: AgentView(agent), resumed: open != nil)
    }

    /// From now on hosts see to it that the goal is reached.
    private static func followed(_ goal: TaskID, in town: OpenTown) async throws {
        let kept = Kept<Goal>(in: town.store)
        try await kept.update(Goal.place) { $0.value = Goal(task: goal) }
        // Once the new goal is there, no host asks the conductor any more to stop after an earlier one.
        if let agent = try await town.store.agent(Conductor.id), agent.stopRequest != nil {
            try await kept.update(Goal.place) { $0.value = Goal(task: goal, conductor: agent) }
        }
    }

    private static func conductor(_ input: Input, in town: OpenTown) async throws -> Agent {
        let now = town.time.now()
        guard let known = try await town.store.agent(Conductor.id) else {
            guard let cli = input.cli ?? town.configuration.conductorCLI ?? town.configuration.defaultCLI else {
                throw OperationError(
                    .invalid, "no CLI was given and the town has no default", .field("cli", why: "specify one with"))
            }
            var agent = Agent(id: Conductor.id, name: Conductor.name, cli: cli, createdAt: now)
            agent.kind = .lead
            agent.role = Conductor.role
            agent.maxTurns = input.maxTurns ?? 0
            try await town.store.register(agent, maxAgents: town.configuration.maxAgents)
            return agent
        }
        var agent = known
        if let cli = input.cli, cli != known.cli {
            agent = try await town.store.change(known.id, .cli(cli), now: now)
        }
        // Running the command again means that the obstacle is gone.
        if agent.state.isTerminal {
            agent = try await town.store.change(known.id, .restart(maxTurns: input.maxTurns), now: now)
        } else if agent.state == .paused {
            agent = try await town.store.change(known.id, .resume, now: now)
        }
        return agent
    }

    static func text(_ goal: AgentTask) -> String {
        """
        You are the conductor of this town. Your goal, task \(goal.id):

        \(goal.description)

        Lead agents to it as your rules say. After giving out work, end your turn: you are woken when a task that you \
        gave has ended. When everything is done and approved: tt task complete \(goal.id) --result "what was reached". \
        When it cannot be reached: tt task fail \(goal.id) --result "why". When only a person can decide: \
        tt send supervisor --query "question", then end your turn.
        """
    }
}

extension StartGoal.Input: Described {
    public static let fields =
        [
            Field("goal", "what the conductor is to reach"),
            Field("cli", "the CLI that conducts", .cli),
            Field("max_rounds", "maximum turns; 0 means no limit", in: Bounds.turns) { $0.maxTurns },
            Field("following", "the task of a goal that was followed before: if it has ended, it is returned", .task),
        ] as [Field<Self>]
}
