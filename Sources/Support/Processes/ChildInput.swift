import Concurrency
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A child's standard input: bytes are written as fast as the child reads them, beside everything else.
public final class ChildInput: Sendable {
    private struct Pending {
        var bytes: [UInt8]
        var offset = 0
        var done: OneShot<Bool>
    }

    private struct State {
        var pending: [Pending] = []
        var closing = false
        var ended = false
        var suspended = true
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    private let registration: Reactor.Registration

    /// Takes over the writing end of a pipe.
    init(_ descriptor: Int32) {
        SignalSource.ignoreBrokenPipes()
        setNonBlocking(descriptor)
        self.descriptor = descriptor
        let writer = Writer()
        registration = Reactor.shared.register(
            descriptor, for: .writing, isPaused: true, onCancel: { closeDescriptor(descriptor) },
            handler: { writer.input.withLock { $0.value }?.pump() })
        writer.input.withLock { $0.value = self }
    }

    deinit { end() }

    /// Writes `bytes` after everything written before, and returns when the pipe has taken them all.
    ///
    /// - Throws: `ProcessError` with `brokenPipe` when the child has closed its input or ended, or after `close()`.
    ///   `CancellationError` when the task is cancelled; the bytes may be written all the same.
    public func write(_ bytes: [UInt8]) async throws {
        guard try await enqueue(bytes).wait() else {
            throw ProcessError(.brokenPipe, "the child no longer reads its input")
        }
    }

    /// Ends the child's input after what was written. Calling it again changes nothing.
    public func close() {
        state.withLock { state in
            guard !state.ended, !state.closing else { return }
            state.closing = true
            wake(&state)
        }
    }

    /// Queues bytes without waiting; the result is set to whether all were taken.
    @discardableResult
    func enqueue(_ bytes: [UInt8]) -> OneShot<Bool> {
        let done = OneShot<Bool>()
        let refused = state.withLock { state in
            if state.ended || state.closing { return true }
            state.pending.append(Pending(bytes: bytes, done: done))
            wake(&state)
            return false
        }
        if refused { done.set(false) }
        return done
    }

    /// Gives up what is not written, because the child has ended.
    func end() {
        let pending = state.withLock { state in
            guard !state.ended else { return [Pending]() }
            state.ended = true
            registration.cancel()
            defer { state.pending = [] }
            return state.pending
        }
        for item in pending { item.done.set(false) }
    }

    private func wake(_ state: inout State) {
        guard state.suspended else { return }
        state.suspended = false
        registration.resume()
    }

    /// Runs on the reactor's thread, when the pipe has room or its reader is gone.
    fileprivate func pump() {
        while let item = state.withLock({ $0.pending.first }) {
            let size = item.bytes.count - item.offset
            let count = item.bytes.withUnsafeBytes { buffer in
                size == 0 ? 0 : retryingInterrupts { systemWrite(descriptor, buffer.baseAddress! + item.offset, size) }
            }
            if count < 0 {
                if errno != EAGAIN { end() }
                return
            }
            let finished = state.withLock { state in
                guard !state.pending.isEmpty else { return false }
                state.pending[0].offset += count
                guard count == size else { return false }
                state.pending.removeFirst()
                return true
            }
            if finished { item.done.set(true) }
        }
        state.withLock { state in
            guard state.pending.isEmpty, !state.ended else { return }
            if state.closing {
                state.ended = true
                registration.cancel()
            } else if !state.suspended {
                state.suspended = true
                registration.pause()
            }
        }
    }
}

/// What the reactor holds, so that it does not keep an input alive that nobody writes to any more.
private final class Writer: Sendable {
    struct Weak { weak var value: ChildInput? }
    let input = Mutex(Weak())
}

/// `close` of the C library, which a method of that name hides.
private func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }

/// `write` of the C library, which a method of that name hides.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
