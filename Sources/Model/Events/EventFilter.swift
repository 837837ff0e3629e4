/// Which events to read. Conditions that are nil do not restrict.
public struct EventFilter: Sendable, Equatable {
    public var agent: AgentID?
    public var types: Set<EventType>?

    public init(agent: AgentID? = nil, types: Set<EventType>? = nil) {
        self.agent = agent
        self.types = types
    }
}

/// How long things that are over are kept.
public struct Retention: Sendable, Equatable {
    /// Done messages stay known this long, so that a repeated send is noticed.
    public var doneMessages: Duration
    /// The log keeps at most so many events.
    public var events: Int

    public init(doneMessages: Duration = .seconds(7 * 86_400), events: Int = 100_000) {
        self.doneMessages = doneMessages
        self.events = events
    }
}
