import Model

/// Asks an agent to finish what waits in its inbox and then to stop.
public struct CloseAgent: Operation {
    public static let spec = OperationSpec(
        "agent.close", "Stop an agent after it has finished its inbox", .manage,
        route: .post("/v1/agents/{agent}/close"), effect: .endsTurns, isIdempotent: true,
        errors: [.agentNotFound, .conflict])

    public static func hasEffect(_ output: AgentChanged) -> Bool { !output.agent.state.isTerminal }

    public static func run(_ input: AgentInput, in town: OpenTown) async throws -> AgentChanged {
        let agent = try await town.agent(input.agent)
        try town.check(.control(agent.id))
        guard !agent.state.isTerminal else { throw town.hasEnded(agent, "cannot be closed") }
        return try await town.changed(
            try await town.store.change(agent.id, .stop(.whenEmpty), now: town.time.now()), from: agent)
    }
}
