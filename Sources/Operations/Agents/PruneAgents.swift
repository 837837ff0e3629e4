public import Model

/// Takes agents that have ended off the town's list. Their tasks go back to the backlog and their mail to the dead
/// letters, so nothing that others wait for is lost (W7).
public struct PruneAgents: Operation {
    public static let spec = OperationSpec(
        "agent.prune", "Remove stopped agents", .manage, route: .post("/v1/agents/prune"), effect: .bringsWork,
        isIdempotent: true, isDestructive: true)

    public struct Input: Codable, Sendable, Equatable {
        /// Agents that sleep too, which mail would wake. Those that are awake stay in any case.
        public var cold: Bool?

        public init(cold: Bool? = nil) { self.cold = cold }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var removed: [RemovedAgent]
        /// Agents that stay because they are awake.
        public var active: Int

        enum CodingKeys: String, CodingKey {
            case removed
            case active = "live"
        }
    }

    public static func hasEffect(_ output: Output) -> Bool { output.active > 0 }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        var output = Output(removed: [], active: 0)
        for agent in try await town.store.agents() {
            guard agent.state.isTerminal || (agent.state == .cold && input.cold == true) else {
                if agent.state.isAwake { output.active += 1 }
                continue
            }
            do throws(StoreError) {
                if agent.state == .cold {
                    try await town.store.change(agent.id, .stop(.now), now: town.time.now())
                }
                let removal = try await town.store.remove(agent.id, now: town.time.now())
                output.removed.append(RemovedAgent(agent, removal))
            } catch {
                // It may have been restarted, or removed, meanwhile.
                switch error.code {
                case .illegalMove: output.active += 1
                case .agentNotFound: break
                default: throw error
                }
            }
        }
        return output
    }
}

/// An agent that is gone, and what became of what it had.
public struct RemovedAgent: Codable, Sendable, Equatable {
    public var id: AgentID
    public var name: String
    /// The state in which it had ended.
    public var state: AgentState
    /// Its open tasks, which are in the backlog again.
    public var tasks: [TaskID]
    /// How many of its messages are dead letters now.
    public var deadLetters: Int

    enum CodingKeys: String, CodingKey {
        case id, name, state, tasks
        case deadLetters = "dead"
    }

    init(_ agent: Agent, _ removal: Removal) {
        id = agent.id
        name = agent.name
        state = agent.state
        tasks = removal.tasks
        deadLetters = removal.deadLetters
    }
}

extension PruneAgents.Input: Described {
    public static let fields =
        [
            Field("cold", "also agents that sleep until mail comes")
        ] as [Field<Self>]
}
