import Model

/// Holds an agent: a turn that runs is ended, its messages go back, and they wait until it is resumed.
public struct InterruptAgent: Operation {
    public static let spec = OperationSpec(
        "agent.interrupt", "Pause an agent, even in the middle of a turn", .manage,
        route: .post("/v1/agents/{agent}/interrupt"), isIdempotent: true, errors: [.agentNotFound, .conflict])

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String
        /// Shown to people for as long as the pause lasts.
        public var reason: String?

        public init(agent: String, reason: String? = nil) {
            self.agent = agent
            self.reason = reason
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> AgentChanged {
        let agent = try await town.agent(input.agent)
        try town.check(.control(agent.id))
        guard !agent.state.isTerminal else { throw town.hasEnded(agent, "cannot be paused") }
        // The conductor stands in for the person; of what other agents do the person is told.
        let isTold = town.caller.proven.map { $0.kind != .lead } ?? false
        let changed = try await town.store.change(
            agent.id, .interrupt(reason: input.reason, tellsPerson: isTold), now: town.time.now())
        return try await town.changed(changed, from: agent)
    }
}

extension InterruptAgent.Input: Described {
    public static let fields =
        [
            Field("agent", "the agent's name, nickname, label or id", .agent),
            Field("reason", "why; shown for as long as the pause lasts"),
        ] as [Field<Self>]
}
