import Model

/// Asks every live agent to stop.
public struct StopAllAgents: Operation {
    public static let spec = OperationSpec(
        "agent.stop_all", "Stop all agents of the town", .manage, route: .post("/v1/agents/stop"), effect: .endsTurns,
        isIdempotent: true)

    public struct Input: Codable, Sendable, Equatable {
        /// Ends present turns; their messages go back to the inboxes.
        public var now: Bool?

        public init(now: Bool? = nil) { self.now = now }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// Those that were asked, as they are now.
        public var agents: [AgentView]
    }

    public static func hasEffect(_ output: Output) -> Bool { !output.agents.isEmpty }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let request: StopRequest = input.now == true ? .now : .afterTurn
        var asked: [Agent] = []
        for agent in try await town.store.agents() where !agent.state.isTerminal {
            do throws(StoreError) {
                let changed = try await town.store.change(agent.id, .stop(request), now: town.time.now())
                asked.append(changed)
            } catch {
                // It may have ended meanwhile.
                guard error.code == .illegalMove || error.code == .agentNotFound else { throw error }
            }
        }
        return Output(agents: try await town.views(of: asked))
    }
}

extension StopAllAgents.Input: Described {
    public static let fields =
        [
            Field("now", "end current turns; their messages go back to the inboxes")
        ] as [Field<Self>]
}
