import Model

/// Forgets a town's agents, or everything. Without `confirm` it only says what would go.
public struct ResetTown: Operation {
    public static let spec = OperationSpec(
        "town.reset", "Delete the town's agents, tasks and messages", .manage, route: .post("/v1/reset"),
        isIdempotent: true, isDestructive: true, errors: [.conflict])

    public struct Input: Codable, Sendable, Equatable {
        /// Tasks and the backlog stay; what waits in the agents' inboxes becomes dead letters.
        public var agentsOnly: Bool?
        /// Does it.
        public var confirm: Bool?

        enum CodingKeys: String, CodingKey {
            case confirm
            case agentsOnly = "agents_only"
        }

        public init(agentsOnly: Bool? = nil, confirm: Bool? = nil) {
            self.agentsOnly = agentsOnly
            self.confirm = confirm
        }
    }

    /// What goes, or has gone.
    public struct Output: Codable, Sendable, Equatable {
        public var agents: Int
        /// Tasks of whatever state; 0 where they stay.
        public var tasks: Int
        /// Those of them that nobody owns.
        public var backlog: Int
        /// Messages that wait.
        public var messages: Int
        public var deadLetters: Int
        /// False for a preview.
        public var done: Bool

        enum CodingKeys: String, CodingKey {
            case agents, tasks, backlog, messages, done
            case deadLetters = "dead"
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let isPartial = input.agentsOnly == true
        let agents = try await town.store.agents()
        let output = try await contents(of: town, agents, isPartial: isPartial)
        guard input.confirm == true else { return output }
        let live = agents.filter { !$0.state.isTerminal }
        guard live.isEmpty else {
            throw OperationError(
                .conflict,
                "\(live.count.of("agent")) \(live.count == 1 ? "is" : "are") active: \(live.prefix(5).map(\.name).joined(separator: ", "))",
                .operation("agent.stop_all", ["now": "true"], why: "stop them first"))
        }
        var done = output
        if isPartial {
            _ = try await PruneAgents.run(.init(cold: true), in: town)
        } else {
            try await town.store.reset(now: town.time.now())
        }
        done.done = true
        return done
    }

    private static func contents(of town: OpenTown, _ agents: [Agent], isPartial: Bool) async throws -> Output {
        let queue = try await town.store.queueCounts()
        if isPartial {
            let ids = Set(agents.map(\.id))
            let waiting = try await town.store.waitingCounts().filter { ids.contains($0.key) }
            let count = waiting.values.reduce(0) { $0 + $1.values.reduce(0, +) }
            return Output(
                agents: agents.count, tasks: 0, backlog: 0, messages: count + queue.leased, deadLetters: 0, done: false)
        }
        let tasks = try await town.store.taskCounts()
        return Output(
            agents: agents.count, tasks: tasks.byState.values.reduce(0, +), backlog: tasks.backlog,
            messages: queue.waiting + queue.leased, deadLetters: queue.dead, done: false)
    }
}

extension ResetTown.Input: Described {
    public static let fields =
        [
            Field("agents_only", "keep tasks that belong to nobody"),
            Field("confirm", "do it; only a preview if omitted"),
        ] as [Field<Self>]
}
