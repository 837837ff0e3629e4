import Model

/// Lets a paused agent go on, in the session that it had.
public struct ResumeAgent: Operation {
    public static let spec = OperationSpec(
        "agent.resume", "Resume a paused agent", .manage, route: .post("/v1/agents/{agent}/resume"), effect: .needsHost,
        errors: [.agentNotFound, .conflict])

    public static func run(_ input: AgentInput, in town: OpenTown) async throws -> AgentChanged {
        let agent = try await town.agent(input.agent)
        try town.check(.control(agent.id))
        guard !agent.state.isTerminal else { throw town.hasEnded(agent, "cannot be resumed") }
        if agent.state == .idle || agent.state == .starting, agent.isBackingOff(at: town.time.now()) {
            // It waits by itself; a person who knows better says so, and it tries at once.
            _ = try await town.store.change(agent.id, .interrupt(reason: nil), now: town.time.now())
            return try await town.changed(
                try await town.store.change(agent.id, .resume, now: town.time.now()), from: agent)
        }
        guard agent.state == .paused else {
            throw OperationError(
                .conflict, "agent '\(agent.name)' is not paused: it is \(agent.state.rawValue)",
                .operation("town.status", why: "nothing has to be done; see"))
        }
        return try await town.changed(
            try await town.store.change(agent.id, .resume, now: town.time.now()), from: agent)
    }
}
