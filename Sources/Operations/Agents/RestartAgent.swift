import Model

/// Brings an ended agent back with its id, inbox and conversation. That a host runs it is the door's business.
public struct RestartAgent: Operation {
    public static let name = "agent.restart"
    public static let summary = "Bring back an agent that has ended"
    public static let scope = Scope.manage

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String
        /// Turns it may take from now on; nil keeps the limit that it had, 0 means none.
        public var rounds: Int?

        public init(agent: String, rounds: Int? = nil) {
            self.agent = agent
            self.rounds = rounds
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var agent: AgentView
    }

    public init() {}

    public func run(_ input: Input, in town: Town) async throws -> Output {
        let agent = try await town.agent(input.agent)
        try town.check(.control(agent.id))
        if let rounds = input.rounds, rounds < 0 {
            throw OperationError(.invalid, "rounds cannot be negative", hint: "0 means no limit")
        }
        guard agent.state.isTerminal else {
            throw OperationError(
                .conflict, "agent '\(agent.name)' is still active (\(agent.state.rawValue))",
                hint: agent.state == .paused
                    ? "let it go on with: tt resume \(agent.name)" : "stop it first with: tt kill \(agent.name)")
        }
        let changed = try await town.store.change(
            agent.id, .restart(maxRounds: input.rounds), now: town.time.now())
        return Output(agent: try await town.views(of: [changed])[0])
    }
}
