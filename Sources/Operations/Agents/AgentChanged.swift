import Model

/// A reference to an agent.
public struct AgentInput: Codable, Sendable, Equatable {
    public var agent: String

    public init(agent: String) { self.agent = agent }
}

/// An agent after something was asked of it.
public struct AgentChanged: Codable, Sendable, Equatable {
    public var agent: AgentView
    /// False where it was so before.
    public var changed: Bool

    public init(agent: AgentView, changed: Bool) {
        self.agent = agent
        self.changed = changed
    }
}

extension OpenTown {
    func changed(_ agent: Agent, from old: Agent) async throws -> AgentChanged {
        AgentChanged(
            agent: try await views(of: [agent])[0],
            changed: agent.state != old.state || agent.stopRequest != old.stopRequest
                || agent.attention != old.attention)
    }

    func hasEnded(_ agent: Agent, _ consequence: String) -> OperationError {
        OperationError(
            .conflict, "agent '\(agent.name)' has ended (\(agent.state.rawValue)) and \(consequence)",
            .operation("agent.restart", ["agent": agent.name], why: "bring it back with"))
    }
}

extension AgentInput: Described {
    public static let fields =
        [
            Field("agent", "the agent's name, nickname, label or id", .agent)
        ] as [Field<Self>]
}
