import Model

/// Returns when an agent has ended, or sleeps because nothing waits for it. The store tells of changes; nothing is asked again and again.
public struct WaitForAgent: Operation {
    public static let spec = OperationSpec(
        "agent.wait", "Wait until an agent has stopped", .read, route: .get("/v1/agents/{agent}/end"),
        effect: .needsHost, errors: [.agentNotFound, .timedOut])

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String
        /// Nil waits for ever; 0 only looks.
        public var timeoutSeconds: Double?

        enum CodingKeys: String, CodingKey {
            case agent
            case timeoutSeconds = "timeout_seconds"
        }

        public init(agent: String, timeoutSeconds: Double? = nil) {
            self.agent = agent
            self.timeoutSeconds = timeoutSeconds
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// As it ended: `stopped`, or `error`; `cold` where it sleeps.
        public var agent: AgentView
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        if let seconds = input.timeoutSeconds, !(0...1e9).contains(seconds) {
            throw OperationError(.invalid, "invalid timeout in seconds: \(seconds)")
        }
        // Subscribed first, so that no change is missed between looking and waiting.
        let changes = try await town.store.changes()
        let agent = try await town.agent(input.agent)
        if let caller = try await town.callingAgent(), caller.id == agent.id {
            throw OperationError(
                .conflict, "agent '\(agent.name)' would wait for its own end",
                hint: "end the turn; a turn cannot wait for its agent")
        }
        let ended = try await withThrowingTaskGroup(of: Agent?.self) { group in
            group.addTask { try await end(of: agent, in: town, changes) }
            if let seconds = input.timeoutSeconds {
                group.addTask {
                    // Looking comes first, so that an agent which has ended is never reported as late.
                    let now = try await look(at: agent, in: town)
                    if !now.state.isAwake { return now }
                    try await town.time.sleep(for: Duration(outsideSeconds: seconds))
                    return nil
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let ended else {
            let state = try await look(at: agent, in: town).state.rawValue
            throw OperationError(
                .timedOut,
                "agent '\(agent.name)' has not ended within \(text(input.timeoutSeconds ?? 0)) s: "
                    + "it is \(state)", .operation("agent.log", ["agent": agent.name], why: "see what it does"))
        }
        return Output(agent: try await town.views(of: [ended])[0])
    }

    private static func end(of agent: Agent, in town: OpenTown, _ changes: AsyncStream<Void>) async throws -> Agent {
        var rings = changes.makeAsyncIterator()
        while true {
            let now = try await look(at: agent, in: town)
            if !now.state.isAwake { return now }
            guard await rings.next() != nil else { throw CancellationError() }
        }
    }

    private static func look(at agent: Agent, in town: OpenTown) async throws -> Agent {
        guard let now = try await town.store.agent(agent.id) else {
            throw OperationError(
                .agentNotFound, "agent '\(agent.name)' was removed from the town while it was waited for")
        }
        return now
    }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? String(Figure.int(seconds, in: 0...1_000_000_000)) : String(seconds)
    }
}

extension WaitForAgent.Input: Described {
    public static let fields =
        [
            Field("agent", "the agent's name, nickname, label or id", .agent),
            Field("timeout_seconds", "give up after so long; 0 only looks, never if omitted"),
        ] as [Field<Self>]
}
