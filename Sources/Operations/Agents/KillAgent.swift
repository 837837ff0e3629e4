import Model

/// Asks an agent to stop, after its present turn or at once.
public struct KillAgent: Operation {
    public static let spec = OperationSpec(
        "agent.kill", "Stop an agent", .manage, route: .post("/v1/agents/{agent}/kill"), effect: .endsTurns,
        isIdempotent: true, errors: [.agentNotFound])

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String
        /// Ends the present turn; its messages go back to the inbox.
        public var now: Bool?

        public init(agent: String, now: Bool? = nil) {
            self.agent = agent
            self.now = now
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var agent: AgentView
        /// False where it had ended before.
        public var changed: Bool
    }

    public static func hasEffect(_ output: Output) -> Bool { !output.agent.state.isTerminal }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let agent = try await town.agent(input.agent)
        try town.check(.control(agent.id))
        guard !agent.state.isTerminal else { return Output(agent: AgentView(agent), changed: false) }
        let request: StopRequest = input.now == true ? .now : .afterTurn
        let changed = try await town.store.change(agent.id, .stop(request), now: town.time.now())
        return Output(agent: try await town.views(of: [changed])[0], changed: true)
    }
}

extension KillAgent.Input: Described {
    public static let fields =
        [
            Field("agent", "the agent's name, nickname, label or id", .agent),
            Field("now", "end its current turn; its messages go back to the inbox"),
        ] as [Field<Self>]
}
