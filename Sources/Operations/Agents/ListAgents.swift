import Model

/// Who is in the town.
public struct ListAgents: Operation {
    public static let spec = OperationSpec(
        "agent.list", "List the agents of the town", .read, route: .get("/v1/agents"))

    public struct Input: Codable, Sendable, Equatable {
        /// Only those that have not ended.
        public var live: Bool?

        public init(live: Bool? = nil) { self.live = live }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// In the order in which they were registered.
        public var agents: [AgentView]
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let agents = try await town.store.agents().filter { input.live != true || !$0.state.isTerminal }
        return Output(agents: try await town.views(of: agents))
    }
}

extension ListAgents.Input: Described {
    public static let fields =
        [
            Field("live", "leave out agents that have stopped")
        ] as [Field<Self>]
}
