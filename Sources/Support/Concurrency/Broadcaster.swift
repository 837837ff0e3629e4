import Synchronization

/// Fan-out of events to any number of streams, each with a bounded buffer.
///
/// A subscriber that falls more than `limit` events behind is cut off: its stream ends after the events that it has.
/// It subscribes again and reads what it missed from where the events are kept.
public final class Broadcaster<Event: Sendable>: Sendable {
    private struct State {
        var last = 0
        var finished = false
        var subscribers: [Int: AsyncStream<Event>.Continuation] = [:]
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: the most events that wait for one subscriber, at least 1.
    public init(limit: Int) {
        precondition(limit > 0, "a subscriber needs room for one event")
        self.limit = limit
    }

    deinit { finish() }

    /// How many streams are open.
    public var subscriberCount: Int { state.withLock { $0.subscribers.count } }

    /// A stream of the events published from now on, in the order of each publisher. Ending the iteration ends it.
    public func subscribe() -> AsyncStream<Event> {
        let (stream, new) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(limit))
        let id: Int? = state.withLock { state in
            guard !state.finished else { return nil }
            state.last += 1
            state.subscribers[state.last] = new
            return state.last
        }
        guard let id else {
            new.finish()
            return stream
        }
        new.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.subscribers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Hands `event` to every subscriber; never waits.
    public func publish(_ event: Event) {
        // Outside the lock, because finish() calls onTermination, which takes it.
        for subscriber in state.withLock({ Array($0.subscribers.values) }) {
            if case .dropped = subscriber.yield(event) { subscriber.finish() }
        }
    }

    /// Ends every stream, and every later one at once.
    public func finish() {
        let subscribers = state.withLock { state in
            state.finished = true
            return Array(state.subscribers.values)
        }
        for subscriber in subscribers { subscriber.finish() }
    }
}
