import Dispatch
import Doorbell
import Synchronization

/// Waits for rings, one after the other. They are remembered, but not counted: a thousand of them before anyone waits are
/// one.
final class Listener: Sendable {
    /// How a wait ended.
    enum Outcome: Sendable, Equatable {
        /// There was a ring since the last wait ended.
        case rang
        /// The time was up first.
        case timedOut
        /// The waiting task was cancelled, or the listener closed.
        case cancelled
    }

    /// Unchecked: dispatch sources are thread-safe, but are not declared so.
    private struct Waiter: @unchecked Sendable {
        var continuation: CheckedContinuation<Outcome, Never>
        var timer: (any DispatchSourceTimer)?
    }

    private struct State: Sendable {
        var bell: Doorbell.Listener?
        var hasRung = false
        var isClosed = false
        var lastID = 0
        var waiters: [Int: Waiter] = [:]
    }

    private let queue = DispatchQueue(label: "doorbell", qos: .userInitiated)
    private let state = Mutex(State())

    init(folder: String) throws(DoorbellError) {
        let bell = try Doorbell.Listener(folder: folder) { [weak self] in self?.rang() }
        state.withLock { $0.bell = bell }
    }

    deinit { close() }

    /// Waits for a ring; one that came before, and that no wait has reported, counts. All that wait are woken.
    ///
    /// - Parameter timeout: how long at most; nil waits without a timer.
    func next(timeout: Duration? = nil) async -> Outcome {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { wait(id, timeout: timeout, $0) }
        } onCancel: {
            finish(id, .cancelled)
        }
    }

    /// Takes the bell down, and ends all waiting with `cancelled`. Only the first call counts.
    func close() {
        let (bell, waiters) = state.withLock { state in
            defer {
                state.isClosed = true
                state.bell = nil
                state.waiters = [:]
            }
            return (state.bell, state.waiters.values.map { $0 })
        }
        bell?.close()
        for waiter in waiters { Self.wake(waiter, .cancelled) }
    }

    // MARK: - Waiting

    private func wait(_ id: Int, timeout: Duration?, _ continuation: CheckedContinuation<Outcome, Never>) {
        let waiter = Waiter(continuation: continuation, timer: timeout.map { makeTimer(id, $0) })
        let outcome: Outcome? = state.withLock { state in
            if state.isClosed { return .cancelled }
            guard state.hasRung else {
                state.waiters[id] = waiter
                return nil
            }
            state.hasRung = false
            return .rang
        }
        waiter.timer?.activate()
        if let outcome { return Self.wake(waiter, outcome) }
        // A cancellation that came before the waiter was there found nothing to end.
        if Task.isCancelled { finish(id, .cancelled) }
    }

    private func makeTimer(_ id: Int, _ timeout: Duration) -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        let (seconds, attoseconds) = timeout.components
        let nanoseconds = Double(seconds) * 1e9 + Double(attoseconds) / 1e9
        let limited = Int(min(max(0, nanoseconds), 1e17))  // three years
        timer.schedule(deadline: .now() + .nanoseconds(limited))
        timer.setEventHandler { [weak self] in self?.finish(id, .timedOut) }
        return timer
    }

    private func finish(_ id: Int, _ outcome: Outcome) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        if let waiter { Self.wake(waiter, outcome) }
    }

    private func rang() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            if state.waiters.isEmpty { state.hasRung = true }
            return state.waiters.values.map { $0 }
        }
        for waiter in waiters { Self.wake(waiter, .rang) }
    }

    /// Called without the lock, since the awakened may call back at once.
    private static func wake(_ waiter: Waiter, _ outcome: Outcome) {
        waiter.timer?.cancel()
        waiter.continuation.resume(returning: outcome)
    }
}
