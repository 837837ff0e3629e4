import Synchronization

/// Tells everyone in this process who follows a store that something changed. Bursts collapse into one.
public final class ChangeBell: Sendable {
    private struct State {
        var last = 0
        var isClosed = false
        var followers: [Int: AsyncStream<Void>.Continuation] = [:]
    }
    private let state = Mutex(State())

    public init() {}

    /// Yields after each ring that follows the call; ends with `close`.
    public func follow() -> AsyncStream<Void> {
        let (stream, follower) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id: Int? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.last += 1
            state.followers[state.last] = follower
            return state.last
        }
        guard let id else {
            follower.finish()
            return stream
        }
        follower.onTermination = { [weak self] _ in self?.state.withLock { $0.followers[id] = nil } }
        return stream
    }

    /// Wakes every follower.
    public func ring() {
        for follower in state.withLock({ Array($0.followers.values) }) { follower.yield() }
    }

    /// Ends every stream, present and future.
    public func close() {
        let followers = state.withLock { state in
            state.isClosed = true
            defer { state.followers = [:] }
            return Array(state.followers.values)
        }
        for follower in followers { follower.finish() }
    }
}
