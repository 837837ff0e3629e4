public import Model

/// Creates a task and gives it to an agent in one step.
public struct AssignTask: Operation {
    public static let spec = OperationSpec(
        "task.assign", "Give a new task to an agent", .write, aliases: ["agent.assign"],
        route: .post("/v1/agents/{agent}/tasks", status: 201), effect: .bringsWork,
        errors: [.agentNotFound, .taskNotFound, .dependencyCycle, .tooLarge, .limit])

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String
        public var task: String
        public var tags: [String]?
        public var urgent: Bool?
        /// References to tasks that must be completed first.
        public var dependsOn: [String]?
        /// A reference to the task that it is part of and starts after.
        public var parent: String?
        /// Who is told when it ends; nil means the agent in whose turn the caller runs, else the supervisor.
        public var from: String?

        enum CodingKeys: String, CodingKey {
            case agent, task, tags, urgent, parent, from
            case dependsOn = "depends_on"
        }

        public init(
            agent: String, task: String, tags: [String]? = nil, urgent: Bool? = nil, dependsOn: [String]? = nil,
            parent: String? = nil, from: String? = nil
        ) {
            self.agent = agent
            self.task = task
            self.tags = tags
            self.urgent = urgent
            self.dependsOn = dependsOn
            self.parent = parent
            self.from = from
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var task: TaskView
        public var agent: AgentView
    }

    public static func hasEffect(_ output: Output) -> Bool { !output.agent.state.isTerminal }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        try await run(input, priority: input.urgent == true ? .urgent : .normal, in: town)
    }

    /// The same with any priority of the message that announces it.
    public static func run(_ input: Input, priority: Priority, in town: OpenTown) async throws -> Output {
        guard input.task.contains(where: { !$0.isWhitespace }) else {
            throw OperationError(.invalid, "the task is empty")
        }
        try OpenTown.check(tags: input.tags)
        try town.checkMessage(input.task)
        let agent = try await town.agent(input.agent)
        try await town.checkRoom(for: agent)
        let giver = try await town.sender(input.from)
        let now = town.time.now()
        var task = AgentTask(
            id: town.newID(), description: town.kept(input.task), createdBy: giver.id, createdAt: now,
            tags: input.tags ?? [])
        try await town.link(&task, parent: input.parent, dependsOn: input.dependsOn)
        try await town.store.create(
            task,
            assignee: Assignment(
                agent: agent.id, announcement: town.newID(), priority: priority))
        guard let stored = try await town.store.task(task.id) else {
            throw OperationError(.failed, "task \(task.id) is gone")
        }
        return Output(
            task: try await town.view(of: stored).task,
            agent: AgentView(try await town.store.agent(agent.id) ?? agent))
    }
}

extension AssignTask.Input: Described {
    public static let fields =
        [
            Field("agent", "the agent's name, nickname, label or id", .agent),
            Field("task", "what to do; the first line is its title"),
            Field("tags", "words to find it by"),
            Field("urgent", "announce it before messages that are not urgent"),
            Field("depends_on", "tasks that must be completed first", .task),
            Field("parent", "the task that it is a part of", .task),
            Field("from", "who gives it; the agent in whose turn this is, or the supervisor, if omitted", .recipient),
        ] as [Field<Self>]
}
