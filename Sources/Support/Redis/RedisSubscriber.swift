import Concurrency
import Synchronization

/// Listens to channels on a connection of its own, and comes back when that breaks.
///
/// Channels keep nothing: what is published while nobody listens is gone. So every time that it begins to listen, the
/// first time too, it says `.listening`: from then on nothing is missed, and what was before has to be looked up.
public final class RedisSubscriber: Sendable {
    /// What it tells.
    public enum Event: Sendable, Equatable {
        /// All channels are listened to from now on; something may have been missed before.
        case listening
        /// Somebody has published `payload` on `channel`.
        case message(channel: String, payload: [UInt8])
        /// The connection broke, or could not be made; it goes on trying. What is published now is missed.
        case lost(RedisError)
    }

    private struct State: Sendable {
        var channels: Set<String>
        var connection: RedisConnection?
        var isClosed = false
        /// How many SUBSCRIBE and UNSUBSCRIBE confirmations are to come before all channels are listened to.
        var owed = 0
        var task: Task<Void, Never>?
    }

    private let endpoint: RedisEndpoint
    private let options: RedisOptions
    private let onEvents: @Sendable ([Event]) -> Void
    private let state: Mutex<State>

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - channels: the first channels; `subscribe` adds more.
    ///   - onEvents: called for everything in order, on the thread that reads. It must not block, and it keeps what it
    ///     wants to keep: nothing is buffered. What came at once is told at once: all that a transaction or a script
    ///     has to say belongs together.
    public init(
        _ endpoint: RedisEndpoint, channels: Set<String>, options: RedisOptions = RedisOptions(),
        onEvents: @escaping @Sendable ([Event]) -> Void
    ) {
        self.endpoint = endpoint
        // A subscriber owes no answers, and none are owed to it.
        var options = options
        options.silenceLimit = nil
        self.options = options
        self.onEvents = onEvents
        state = Mutex(State(channels: channels))
        let task = Task { [weak self, options] in
            var backoff = Backoff(first: options.firstDelay, longest: options.longestDelay)
            while !Task.isCancelled {
                guard let wait = await self?.listen() else { return }
                let since = ContinuousClock.now
                _ = try? await wait.wait()
                guard !Task.isCancelled else { return }
                // A server that accepts and closes is a failure, too.
                if since.duration(to: .now) > options.longestDelay { backoff.reset() }
                try? await Task.sleep(for: backoff.next())
            }
        }
        state.withLock { $0.task = task }
    }

    deinit { close() }

    /// Stops for good.
    public func close() {
        let (connection, task) = state.withLock { state in
            state.isClosed = true
            defer { (state.connection, state.task) = (nil, nil) }
            return (state.connection, state.task)
        }
        task?.cancel()
        connection?.end(RedisError(.closed, "the subscriber was closed"))
    }

    /// Connects and subscribes. Returns what is set when the connection ends, or at once where there is none.
    private func listen() async -> OneShot<Void>? {
        let ended = OneShot<Void>()
        do throws(RedisError) {
            let connection = try await RedisConnection.open(
                endpoint, options: options, onUnasked: { [weak self] in self?.heard($0) },
                onEnd: { [weak self] error in
                    self?.lost(error)
                    ended.set()
                })
            let channels: Set<String>? = state.withLock { state in
                guard !state.isClosed else { return nil }
                state.connection = connection
                state.owed = state.channels.count
                return state.channels
            }
            guard let channels else {
                connection.end(RedisError(.closed, "the subscriber was closed"))
                return nil
            }
            if connection.failure != nil { return ended }
            if channels.isEmpty { onEvents([.listening]) } else { Self.tell(connection, "SUBSCRIBE", channels) }
        } catch {
            guard !state.withLock({ $0.isClosed }) else { return nil }
            onEvents([.lost(error)])
            ended.set()
        }
        return ended
    }

    private static func tell(_ connection: RedisConnection, _ verb: String, _ channels: Set<String>) {
        var bytes: [UInt8] = []
        RedisCommand(verb, arguments: channels.sorted()).encode(into: &bytes)
        connection.post(bytes)
    }

    private func heard(_ values: [RedisValue]) {
        let events = values.compactMap { event($0) }
        if !events.isEmpty { onEvents(events) }
    }

    private func event(_ value: RedisValue) -> Event? {
        guard let elements = value.array, elements.count == 3, let kind = elements[0].text else {
            if case .error(let error) = value { state.withLock { $0.connection }?.end(error) }
            return nil
        }
        switch kind {
        case "message": return .message(channel: elements[1].text ?? "", payload: elements[2].bytes ?? [])
        case "subscribe":
            let isWhole = state.withLock { state in
                state.owed -= 1
                return state.owed == 0
            }
            return isWhole ? .listening : nil
        default: return nil
        }
    }

    private func lost(_ error: RedisError) {
        let isClosed = state.withLock { state in
            state.connection = nil
            return state.isClosed
        }
        if !isClosed { onEvents([.lost(error.at(endpoint))]) }
    }
}
