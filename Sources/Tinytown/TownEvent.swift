public import FoundationEssentials
import Model
import Operations

/// A fact in the town's log.
public struct TownEvent: Sendable, Hashable, Identifiable {
    /// Its position in the log; grows with each event.
    public let id: Int64
    /// The wire name, such as `task_completed`.
    public let type: String
    /// One sentence for people.
    public let message: String
    public let date: Date
    public let agent: AgentID?
    public let task: TaskID?

    init(_ event: Event) {
        id = event.sequence
        type = event.type.rawValue
        message = event.text
        date = Date(event.timestamp)
        agent = event.agent.map { AgentID($0) }
        task = event.task.map { TaskID($0) }
    }
}

extension Town {
    /// The newest events, oldest first.
    public func latestEvents(limit: Int = 20) async throws(TownError) -> [TownEvent] {
        try await reporting {
            try await opened.store.latestEvents(limit: max(0, limit), filter: EventFilter()).map { TownEvent($0) }
        }
    }

    /// The log from here on: every event once, in order, as it happens. Ends when the town is closed or the reading
    /// task is cancelled.
    /// - Parameter after: begins after this event; nil begins with what happens from now on.
    /// - Throws: `unavailable`, `closed`.
    public func events(after: Int64? = nil) async throws(TownError) -> AsyncThrowingStream<TownEvent, any Error> {
        try await reporting {
            let store = opened.store
            let changes = try await store.changes()
            let newest = try await store.latestEvents(limit: 1, filter: EventFilter()).last?.sequence ?? 0
            let (stream, continuation) = AsyncThrowingStream.makeStream(of: TownEvent.self)
            let following = Task {
                var last = after ?? newest
                var rings = changes.makeAsyncIterator()
                do {
                    repeat {
                        while true {
                            let events = try await store.events(after: last, limit: 200, filter: EventFilter())
                            for event in events { continuation.yield(TownEvent(event)) }
                            guard let end = events.last?.sequence else { break }
                            last = end
                        }
                    } while await rings.next() != nil
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: TownError(error))
                }
            }
            continuation.onTermination = { _ in following.cancel() }
            return stream
        }
    }
}
