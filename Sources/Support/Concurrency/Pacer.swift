import Dispatch
import Synchronization

/// Passes calls on, at most as often as its budget allows. Calls that come too soon become one, made later, so that the
/// last call is always followed by one that is passed on.
public final class Pacer: Sendable {
    private struct State {
        var budget: WakeBudget
        var rest: ContinuousClock.Instant?
        var isPending = false
    }

    private let state: Mutex<State>
    private let action: @Sendable () -> Void

    /// - Parameter action: must not block. It is called by the caller of `call`, or on a thread of the pool.
    public init(_ budget: WakeBudget = WakeBudget(), action: @escaping @Sendable () -> Void) {
        state = Mutex(State(budget: budget))
        self.action = action
    }

    /// Calls the action now, or once the budget allows it.
    public func call() {
        let now = ContinuousClock.now
        let delay: Duration? = state.withLock { state in
            if state.isPending { return nil }
            if let rest = state.rest, rest > now {
                state.isPending = true
                return now.duration(to: rest)
            }
            state.rest = state.budget.count(at: now).map { now + $0 }
            return .zero
        }
        guard let delay else { return }
        if delay == .zero { return action() }
        let nanoseconds =
            Int(delay.components.attoseconds / 1_000_000_000) + Int(delay.components.seconds) * 1_000_000_000
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [self] in
            let now = ContinuousClock.now
            state.withLock { state in
                state.isPending = false
                state.rest = state.budget.count(at: now).map { now + $0 }
            }
            action()
        }
    }
}
