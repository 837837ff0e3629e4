import Model

/// Brings an ended agent back with its id, inbox and session. That a host runs it is the door's business.
public struct RestartAgent: Operation {
    public static let spec = OperationSpec(
        "agent.restart", "Restart an agent that has stopped", .manage, route: .post("/v1/agents/{agent}/restart"),
        effect: .bringsWork, errors: [.agentNotFound, .conflict])

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String
        /// Turns it may take from now on; nil keeps the limit that it had, 0 means none.
        public var rounds: Int?
        /// What runs its turns from now on; nil keeps what it has. An agent that has not ended takes it too.
        public var cli: String?

        public init(agent: String, rounds: Int? = nil, cli: String? = nil) {
            self.agent = agent
            self.rounds = rounds
            self.cli = cli
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var agent: AgentView
        /// What a person should know of its new CLI.
        public var warnings: [String]
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let agent = try await town.agent(input.agent)
        try town.check(.control(agent.id))
        if let rounds = input.rounds, rounds < 0 {
            throw OperationError(.invalid, "the number of turns cannot be negative", hint: "0 means no limit")
        }
        var warnings: [String] = []
        if let cli = input.cli {
            warnings = try town.checked(cli, role: agent.role)
            let changed = try await town.store.change(agent.id, .cli(cli), now: town.time.now())
            if !agent.state.isTerminal { return try await goOn(changed, input, warnings, in: town) }
        }
        guard !agent.state.isAwake else {
            throw OperationError(
                .conflict, "agent '\(agent.name)' is still active (\(agent.state.rawValue))",
                agent.state == .paused
                    ? .operation("agent.resume", ["agent": agent.name], why: "let it go on with")
                    : .operation("agent.kill", ["agent": agent.name], why: "stop it first with"))
        }
        let changed = try await town.store.change(
            agent.id, .restart(maxTurns: input.rounds), now: town.time.now())
        return Output(agent: try await town.views(of: [changed])[0], warnings: warnings)
    }

    /// A live agent with another CLI: what held it is over.
    private static func goOn(_ agent: Agent, _ input: Input, _ warnings: [String], in town: OpenTown) async throws
        -> Output
    {
        if input.rounds != nil {
            throw OperationError(
                .conflict, "agent '\(agent.name)' has not ended; its CLI was changed, its number of turns was not",
                .operation("agent.kill", ["agent": agent.name], why: "stop it first with"))
        }
        let now =
            agent.state == .paused
            ? try await town.store.change(agent.id, .resume, now: town.time.now()) : agent
        return Output(agent: try await town.views(of: [now])[0], warnings: warnings)
    }
}

extension RestartAgent.Input: Described {
    public static let fields =
        [
            Field("agent", "the agent's name, nickname, label or id", .agent),
            Field(
                "rounds", "maximum turns from now; 0 means no limit, and its previous limit stays if omitted",
                in: Bounds.turns
            ) { $0.rounds },
            Field("cli", "what runs its turns from now on", .cli),
        ] as [Field<Self>]
}
