public import Model

/// The newest events and then each that follows, none twice and none left out (W46).
public struct FollowEvents: Feed {
    public static let spec = FeedSpec(
        "event.follow", "Follow the event log", .read, route: .get("/v1/events/stream"))

    public struct Input: Codable, Sendable, Equatable {
        public var after: Int64?
        public var limit: Int?
        public var agent: String?
        public var types: [String]?

        public init(after: Int64? = nil, limit: Int? = nil, agent: String? = nil, types: [String]? = nil) {
            self.after = after
            self.limit = limit
            self.agent = agent
            self.types = types
        }
    }

    public static func open(_ input: Input, in town: OpenTown) async throws -> AsyncThrowingStream<Event, any Error> {
        let filter = try await ReadEvents.Input(agent: input.agent, types: input.types).filter(in: town)
        let cursor = try await Cursor(town.store, filter, input)
        return AsyncThrowingStream { try await cursor.next() }
    }

    public static func id(of item: Event) -> String? { String(item.sequence) }

    private actor Cursor {
        private let store: any EventLog
        private let filter: EventFilter
        private var wakeUps: AsyncStream<Void>.Iterator
        private var waiting: ArraySlice<Event> = []
        private var last: Int64
        /// Whether the log may hold more than what was read.
        private var mayHaveMore = true

        /// Subscribes first, so that nothing falls between the first reading and the first wait.
        init(_ store: any EventLog, _ filter: EventFilter, _ input: Input) async throws {
            self.store = store
            self.filter = filter
            wakeUps = try await store.changes().makeAsyncIterator()
            if let after = input.after {
                last = after
                return
            }
            // Where the log stood before the reading: with a filter that nothing fits yet, following begins there.
            last = try await store.latestEvents(limit: 1, filter: EventFilter()).last?.sequence ?? 0
            if let limit = input.limit, limit > 0 {
                waiting = try await store.latestEvents(limit: limit, filter: filter)[...]
                last = max(last, waiting.last?.sequence ?? 0)
            }
        }

        func next() async throws -> Event? {
            while true {
                if let event = waiting.popFirst() { return event }
                if Task.isCancelled { return nil }
                if mayHaveMore {
                    let batch = try await store.events(after: last, limit: 500, filter: filter)
                    mayHaveMore = batch.count == 500
                    last = batch.last?.sequence ?? last
                    waiting = batch[...]
                } else {
                    var wakeUps = wakeUps
                    let rang: Void? = await wakeUps.next(isolation: self)
                    self.wakeUps = wakeUps
                    guard rang != nil else { return nil }
                    mayHaveMore = true
                }
            }
        }
    }
}

extension FollowEvents.Input: Described {
    public static let fields =
        [
            Field("after", "events after this sequence number; from now on if omitted"),
            Field("limit", "how many of the newest to begin with; none if omitted", in: 0...Bounds.limit.upperBound) {
                $0.limit
            },
            Field("agent", "only those of this agent", .agent),
            Field("types", "only these types, such as task_completed"),
        ] as [Field<Self>]
}
