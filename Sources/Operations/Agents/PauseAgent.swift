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

/// Lets a paused agent go on, in the conversation that it had.
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

extension InterruptAgent.Input: Described {
    public static let fields =
        [
            Field("agent", "the agent's name, nickname, label or id", .agent),
            Field("reason", "why; shown for as long as the pause lasts"),
        ] as [Field<Self>]
}
