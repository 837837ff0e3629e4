import Synchronization

/// A clock that stands still until it is moved by hand.
///
/// Sleepers wake in the order of their deadlines, and in the order of their calls where these are equal.
public final class ManualClock: Clock {
    /// A point in the clock's time.
    public struct Instant: InstantProtocol {
        /// Time since the clock was made.
        public var offset: Duration

        public init(offset: Duration) { self.offset = offset }
        public func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        public func duration(to other: Instant) -> Duration { other.offset - offset }
        public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        var id: Int
        var deadline: Instant
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct Watcher {
        var count: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var last = 0
        /// Sorted by deadline, then by id.
        var sleepers: [Sleeper] = []
        var watchers: [Watcher] = []
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// A clock at zero.
    public init() {}

    public var now: Instant { state.withLock { $0.now } }
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// How many tasks sleep.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// When the next sleeper is due, or nil when nobody sleeps.
    public var nextDeadline: Instant? { state.withLock { $0.sleepers.first?.deadline } }

    /// Returns as soon as at least `count` tasks sleep: what to wait for before moving the clock.
    public func waitForSleepers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append(Watcher(count: count, continuation: continuation))
                return false
            }
            if ready { continuation.resume() }
        }
    }

    /// Moves the clock and wakes, in order, those who are due by then. A woken task sees the new time.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "a clock does not run backwards")
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            return Self.takeDue(&state)
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
    }

    /// Moves the clock to the next deadline and wakes only who is due then; nil, and no move, when nobody sleeps.
    @discardableResult
    public func advanceToNext() -> Instant? {
        let (now, due): (Instant?, [Sleeper]) = state.withLock { state in
            guard let next = state.sleepers.first?.deadline else { return (nil, []) }
            state.now = max(state.now, next)
            return (state.now, Self.takeDue(&state))
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
        return now
    }

    /// Sleeps until the clock is moved to `deadline`; a deadline that has passed returns at once.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        let woken = await withTaskCancellationHandler {
            await withCheckedContinuation { file(Sleeper(id: id, deadline: deadline, continuation: $0)) }
        } onCancel: {
            cancel(id)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        guard woken else { throw CancellationError() }
    }

    private func file(_ sleeper: Sleeper) {
        let (answer, watchers): (Bool?, [Watcher]) = state.withLock { state in
            if state.cancelled.remove(sleeper.id) != nil { return (false, []) }
            if sleeper.deadline <= state.now { return (true, []) }
            let place =
                state.sleepers.firstIndex {
                    ($0.deadline, $0.id) > (sleeper.deadline, sleeper.id)
                } ?? state.sleepers.endIndex
            state.sleepers.insert(sleeper, at: place)
            let ready = state.watchers.filter { $0.count <= state.sleepers.count }
            state.watchers.removeAll { $0.count <= state.sleepers.count }
            return (nil, ready)
        }
        for watcher in watchers { watcher.continuation.resume() }
        if let answer { sleeper.continuation.resume(returning: answer) }
    }

    private func cancel(_ id: Int) {
        let sleeper: Sleeper? = state.withLock { state in
            guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return nil
            }
            return state.sleepers.remove(at: index)
        }
        sleeper?.continuation.resume(returning: false)
    }

    private static func takeDue(_ state: inout State) -> [Sleeper] {
        let count = state.sleepers.prefix { $0.deadline <= state.now }.count
        defer { state.sleepers.removeFirst(count) }
        return Array(state.sleepers.prefix(count))
    }
}
