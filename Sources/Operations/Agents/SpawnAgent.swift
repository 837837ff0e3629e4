import Configuration
public import Model

/// Registers an agent.
public struct SpawnAgent: Operation {
    public static let spec = OperationSpec(
        "agent.spawn", "Register an agent", .manage, route: .post("/v1/agents", status: 201), effect: .bringsAgent,
        errors: [.nameTaken, .tooManyAgents, .conflict])

    public struct Input: Codable, Sendable, Equatable {
        public var name: String
        /// A preset or a configured name; nil takes the town's default.
        public var cli: String?
        public var role: String?
        public var nickname: String?
        /// A reference to the agent that it belongs to.
        public var parent: String?
        /// Turns it may take; 0 means no limit.
        public var maxTurns: Int?
        /// A new agent also where one of this name has ended and still has work.
        public var fresh: Bool?

        enum CodingKeys: String, CodingKey {
            case name, cli, role, nickname, parent, fresh
            case maxTurns = "max_rounds"
        }

        public init(
            name: String, cli: String? = nil, role: String? = nil, nickname: String? = nil, parent: String? = nil,
            maxTurns: Int? = nil, fresh: Bool? = nil
        ) {
            self.name = name
            self.cli = cli
            self.role = role
            self.nickname = nickname
            self.parent = parent
            self.maxTurns = maxTurns
            self.fresh = fresh
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var agent: AgentView
        /// Why it got this CLI and how to change that, for people; null if somebody chose it.
        @OrNull public var cliReason: String?
        /// What a person should know, such as a program that is not installed.
        public var warnings: [String]

        enum CodingKeys: String, CodingKey {
            case agent, warnings
            case cliReason = "cli_reason"
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        if let problem = AgentName.problem(with: input.name) {
            throw OperationError(.invalid, "'\(input.name)' cannot be an agent's name: \(problem)")
        }
        for (field, text) in [("role", input.role), ("nickname", input.nickname)] {
            if let text, let problem = AgentName.problem(withLabel: text) {
                throw OperationError(.invalid, "'\(text)' cannot be a \(field): \(problem)")
            }
        }
        if let rounds = input.maxTurns, rounds < 0 {
            throw OperationError(.invalid, "max_rounds cannot be negative", hint: "0 means no limit")
        }
        let choice = try town.clis()?.choice(asked: input.cli)
        guard let cli = choice?.cli ?? input.cli ?? town.configuration.defaultCLI else {
            throw OperationError(
                .invalid, "no CLI was given and the town has no default",
                hint: "set default_cli in tinytown.toml", .field("cli", why: "specify one with"))
        }
        let warnings = try town.checked(cli, role: input.role)
        let agents = try await town.store.agents()
        if input.fresh != true, let predecessor = try await town.predecessor(named: input.name, among: agents) {
            throw OperationError(
                .conflict, predecessor.sentence,
                hint: "let it continue with: \(predecessor.standstill.command)",
                .operation(
                    "agent.spawn", ["name": predecessor.agent.name, "fresh": "true"],
                    why: "add a new one of this name with"))
        }
        var agent = Agent(id: town.newID(), name: input.name, cli: cli, createdAt: town.time.now())
        agent.role = input.role
        agent.nickname = input.nickname
        if let parent = input.parent, case .agent(let found) = try await town.party(parent, among: agents) {
            agent.parent = found.id
        }
        if let rounds = input.maxTurns { agent.maxTurns = rounds }
        try await town.store.register(agent, maxAgents: town.configuration.maxAgents)
        return Output(agent: AgentView(agent), cliReason: choice?.reason, warnings: warnings)
    }
}

/// An ended agent that still has work, whose name somebody wants to give to a new one.
public struct Predecessor: Sendable, Equatable {
    public var agent: Agent
    /// Why it takes no turns, and the command that lets it go on.
    public var standstill: Standstill
    /// `2 open tasks and 1 waiting message`.
    public var work: String

    /// A clause: `there is an agent 'x' already: it was stopped and has 1 open task`.
    public var sentence: String {
        "there is an agent '\(agent.name)' already: it \(standstill.reason) and has \(work)"
    }
}

extension OpenTown {
    /// The ended agent of this name that still has work; nil where there is none, or one of the name is alive.
    public func predecessor(named name: String) async throws -> Predecessor? {
        try await predecessor(named: name, among: store.agents())
    }

    func predecessor(named name: String, among agents: [Agent]) async throws -> Predecessor? {
        let bearers = agents.filter { $0.name.lowercased() == name.lowercased() }
        // A live one is refused by the store in any case.
        guard !bearers.isEmpty, bearers.allSatisfy(\.state.isTerminal) else { return nil }
        let waiting = try await store.waitingCounts()
        for agent in bearers.reversed() {
            let mail = PendingView(waiting[agent.id] ?? [:]).total
            let open = TaskFilter(states: [.pending, .assigned, .running], assignee: agent.id)
            let tasks = try await store.tasks(open, page: Page(limit: 1000)).count
            guard mail + tasks > 0, let standstill = agent.standstill else { continue }
            var work: [String] = []
            if tasks > 0 { work.append("\(tasks) open task\(tasks == 1 ? "" : "s")") }
            if mail > 0 { work.append("\(mail) waiting message\(mail == 1 ? "" : "s")") }
            return Predecessor(agent: agent, standstill: standstill, work: work.joined(separator: " and "))
        }
        return nil
    }
}

extension SpawnAgent.Input: Described {
    public static let fields =
        [
            Field("name", "its name, unique among live agents"),
            Field("cli", "what runs its turns; the town's default if omitted", .cli),
            Field("role", "what it is for; the backlog is offered by it"),
            Field("nickname", "a second name, shown beside the first"),
            Field("parent", "the agent that it belongs to", .agent),
            Field("max_rounds", "maximum turns; 0 means no limit, 10 if omitted", in: Bounds.turns) { $0.maxTurns },
            Field("fresh", "a new agent, even if one of this name has stopped"),
        ] as [Field<Self>]
}
