public import Model

/// The town's log.
public struct ReadEvents: Operation {
    public static let spec = OperationSpec(
        "event.list", "Read the event log", .read, route: .get("/v1/events"), errors: [.agentNotFound])

    public struct Input: Codable, Sendable, Equatable {
        /// Events after this sequence number, oldest first; nil means the newest.
        public var after: Int64?
        public var limit: Int?
        /// A reference.
        public var agent: String?
        public var types: [String]?

        public init(after: Int64? = nil, limit: Int? = nil, agent: String? = nil, types: [String]? = nil) {
            self.after = after
            self.limit = limit
            self.agent = agent
            self.types = types
        }

        /// The filter that the references mean.
        public func filter(in town: OpenTown) async throws -> EventFilter {
            var filter = EventFilter()
            if let agent { filter.agent = try await town.party(agent).id }
            if let types, !types.isEmpty {
                filter.types = Set(
                    try types.map { name in
                        if let type = EventType(rawValue: name) { return type }
                        throw OperationError(
                            .invalid, "there is no event type '\(name)'",
                            hint: "types are: " + EventType.allCases.map(\.rawValue).joined(separator: ", "))
                    })
            }
            return filter
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// Oldest first.
        public var events: [Event]
        /// Where to continue.
        public var last: Int64
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let filter = try await input.filter(in: town)
        let limit = max(0, input.limit ?? 20)
        let events =
            if let after = input.after {
                try await town.store.events(after: after, limit: limit, filter: filter)
            } else {
                try await town.store.latestEvents(limit: limit, filter: filter)
            }
        return Output(events: events, last: events.last?.sequence ?? input.after ?? 0)
    }
}

extension ReadEvents.Input: Described {
    public static let fields =
        [
            Field("after", "events after this sequence number, oldest first; the newest if omitted"),
            Field("limit", "the most to list; 20 if omitted", in: 0...Bounds.limit.upperBound) { $0.limit },
            Field("agent", "only those of this agent", .agent),
            Field("types", "only these types, such as task_completed"),
        ] as [Field<Self>]
}
