import Dispatch
import Synchronization

/// One timer for many deadlines: it is set to the earliest, and each call looks for what is due.
final class DeadlineTimer: Sendable {
    /// Unchecked: dispatch timers may be used from any thread, but are not declared so.
    private struct State: @unchecked Sendable {
        var timer: (any DispatchSourceTimer)?
        var due: ContinuousClock.Instant?
    }

    private static let queue = DispatchQueue(label: "redis.deadlines", qos: .userInitiated)
    private let state: Mutex<State>

    /// - Parameter onDue: called on a thread of its own when the earliest deadline has come.
    init(onDue: @escaping @Sendable () -> Void) {
        let timer = DispatchSource.makeTimerSource(queue: Self.queue)
        state = Mutex(State(timer: timer, due: nil))
        timer.setEventHandler { [weak self] in
            self?.state.withLock { $0.due = nil }
            onDue()
        }
        timer.activate()
    }

    deinit { state.withLock { $0.timer?.cancel() } }

    /// Makes sure that `onDue` is called at `deadline` or a little later; an earlier one stays.
    func arm(_ deadline: ContinuousClock.Instant) {
        state.withLock { state in
            if let due = state.due, due <= deadline { return }
            state.due = deadline
            let delay = max(.zero, ContinuousClock.now.duration(to: deadline))
            let (seconds, attoseconds) = delay.components
            let nanoseconds = Double(seconds) * 1e9 + Double(attoseconds) / 1e9
            state.timer?.schedule(deadline: .now() + .nanoseconds(Int(min(nanoseconds, 1e17))))  // three years
        }
    }
}

/// Runs `body`, or gives up when `limit` is over; `body` is cancelled then and must end soon.
func withDeadline<Value: Sendable>(
    _ limit: Duration, otherwise error: RedisError,
    _ body: @escaping @Sendable () async throws(RedisError) -> Value
) async throws(RedisError) -> Value {
    let result = await withTaskGroup(of: Result<Value, RedisError>.self) { group in
        group.addTask {
            do throws(RedisError) { return .success(try await body()) } catch { return .failure(error) }
        }
        group.addTask {
            do { try await Task.sleep(for: limit) } catch { return .failure(.wasCancelled(mayHaveRun: false)) }
            return .failure(error)
        }
        defer { group.cancelAll() }
        return await group.next() ?? .failure(error)
    }
    return try result.get()
}
