public import Model

/// Adds up what turns used, from the events that tell of their ends. The log keeps the newest hundred thousand events or
/// so: `since` of the output says how far back the sums reach.
public struct ReadCosts: Operation {
    public static let spec = OperationSpec(
        "town.costs", "Add up what turns used", .read, route: .get("/v1/costs"), errors: [.agentNotFound])

    /// What a row of the output stands for.
    public enum Grouping: String, Codable, Sendable, CaseIterable { case agent, day, task, model }

    public struct Input: Codable, Sendable, Equatable {
        public var by: Grouping?
        /// Only turns that ended at or after this time.
        public var since: Timestamp?
        /// A reference: only turns of this agent.
        public var agent: String?
        /// Where days begin, in seconds east of UTC.
        public var utcOffset: Int?

        enum CodingKeys: String, CodingKey {
            case by, since, agent
            case utcOffset = "utc_offset"
        }

        public init(
            by: Grouping? = nil, since: Timestamp? = nil, agent: String? = nil, utcOffset: Int? = nil
        ) {
            self.by = by
            self.since = since
            self.agent = agent
            self.utcOffset = utcOffset
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var by: Grouping
        /// Days in their order; everything else with the most expensive first.
        public var rows: [Row]
        public var total: SpentView
        /// When the earliest turn that was counted ended; null where there is none.
        @OrNull public var since: Timestamp?
    }

    public struct Row: Codable, Sendable, Equatable {
        /// The id of the agent or task, the day as `2026-03-09`, or the model's name; null for turns without one.
        @OrNull public var key: String?
        /// The same for people.
        public var label: String
        public var spent: SpentView
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let agent = if let reference = input.agent { try await town.agent(reference).id } else { AgentID?.none }
        let turns = try await town.turns(since: input.since, of: agent)
        var sums: [Key: SpentView] = [:]
        var total = SpentView()
        for turn in turns {
            guard let detail = turn.detail else { continue }
            sums[Key(turn, detail, input), default: SpentView()].add(detail)
            total.add(detail)
        }
        let names = (input.by ?? .agent) == .agent ? try await town.labels() : [:]
        var rows: [Row] = []
        for (key, spent) in sums {
            rows.append(Row(key: key.text, label: try await label(of: key, names, in: town), spent: spent))
        }
        rows.sort { left, right in
            if (input.by ?? .agent) == .day { return (left.key ?? "") < (right.key ?? "") }
            let (one, other) = (left.spent.weight, right.spent.weight)
            return one == other ? left.label < right.label : one > other
        }
        return Output(by: input.by ?? .agent, rows: rows, total: total, since: turns.first?.timestamp)
    }

    private enum Key: Hashable {
        case agent(AgentID?), day(String), task(TaskID?), model(String?, cli: String)

        init(_ turn: Event, _ detail: TurnDetail, _ input: Input) {
            switch input.by ?? .agent {
            case .agent: self = .agent(turn.agent)
            case .day: self = .day(turn.timestamp.day(utcOffset: input.utcOffset ?? 0))
            case .task: self = .task(turn.task)
            case .model: self = .model(detail.model, cli: detail.model == nil ? detail.cli : "")
            }
        }

        var text: String? {
            switch self {
            case .agent(let id): id?.description
            case .day(let day): day
            case .task(let id): id?.description
            case .model(let model, _): model
            }
        }
    }

    private static func label(of key: Key, _ names: [AgentID: String], in town: OpenTown) async throws -> String {
        switch key {
        case .agent(let id): id.map { names[$0] ?? "\($0.short) (removed)" } ?? "unknown"
        case .day(let day): day
        case .task(nil): "no task"
        case .task(let id?): try await town.store.task(id)?.title ?? "a task that is gone"
        case .model(let model?, _): model
        case .model(nil, let cli): cli.isEmpty ? "not reported" : "\(cli) (model not reported)"
        }
    }
}

extension Timestamp {
    /// The day in a zone: `2026-03-09`.
    public func day(utcOffset: Int) -> String {
        String((self + .seconds(max(-86_400, min(86_400, utcOffset)))).description.prefix(10))
    }
}

extension OpenTown {
    /// The ends of turns with what they used, oldest first.
    func turns(since: Timestamp?, of agent: AgentID? = nil) async throws -> [Event] {
        let filter = EventFilter(agent: agent, types: [.turnFinished, .turnFailed])
        // The log is read from its end, and further back only where that was not enough.
        var limit = since == nil ? 1_000_000 : 500
        while true {
            let found = try await store.latestEvents(limit: limit, filter: filter)
            guard let since else { return found.filter { $0.detail != nil } }
            if found.count < limit || (found.first.map { $0.timestamp < since } ?? true) {
                return found.filter { $0.timestamp >= since && $0.detail != nil }
            }
            limit *= 8
        }
    }
}

extension ReadCosts.Input: Described {
    public static let fields =
        [
            Field("by", "what a row stands for; agents if omitted"),
            Field("since", "only turns that ended at this time or later"),
            Field("agent", "only turns of this agent", .agent),
            Field("utc_offset", "where days begin, in seconds east of UTC", in: -86_400...86_400) { $0.utcOffset },
        ] as [Field<Self>]
}
