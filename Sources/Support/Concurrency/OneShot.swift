import Synchronization

/// A value that is set once and that any number of tasks wait for, before or after.
public final class OneShot<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var last = 0
        var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
        /// Waiters whose task was cancelled before they could be filed.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// An event that has not happened yet.
    public init() {}

    /// The value, or nil while it is not set; never waits.
    public var current: Value? { state.withLock { $0.value } }

    /// Sets the value and wakes everybody. Only the first call counts; it returns true.
    @discardableResult
    public func set(_ value: Value) -> Bool {
        let waiters: [CheckedContinuation<Value?, Never>]? = state.withLock { state in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiters = [:] }
            return state.waiters.sorted { $0.key < $1.key }.map(\.value)
        }
        guard let waiters else { return false }
        for waiter in waiters { waiter.resume(returning: value) }
        return true
    }

    /// The value, as soon as it is set. Cancelling the task does not end this wait: use `wait()` for that.
    public var value: Value {
        get async {
            let value = await withCheckedContinuation { continuation in
                file(continuation, id: nextID())
            }
            // Only a cancelled waiter gets nil, and nothing cancels this one.
            return value!
        }
    }

    /// The value, as soon as it is set.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first; the value stays for others.
    public func wait() async throws(CancellationError) -> Value {
        let id = nextID()
        let value = await withTaskCancellationHandler {
            await withCheckedContinuation { file($0, id: id) }
        } onCancel: {
            cancel(id)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        guard let value else { throw CancellationError() }
        return value
    }

    private func nextID() -> Int {
        state.withLock { state in
            state.last += 1
            return state.last
        }
    }

    private func file(_ continuation: CheckedContinuation<Value?, Never>, id: Int) {
        let answer: Value?? = state.withLock { state in
            if let value = state.value { return .some(value) }
            if state.cancelled.remove(id) != nil { return .some(nil) }
            state.waiters[id] = continuation
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func cancel(_ id: Int) {
        let waiter = state.withLock { state in
            if let waiter = state.waiters.removeValue(forKey: id) { return Optional(waiter) }
            if state.value == nil { state.cancelled.insert(id) }
            return nil
        }
        waiter?.resume(returning: nil)
    }
}

extension OneShot where Value == Void {
    /// Says that the event has happened.
    public func set() { set(()) }
}
