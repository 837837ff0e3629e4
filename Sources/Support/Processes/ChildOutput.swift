import Concurrency
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a child writes, in chunks as they come, to the last byte.
///
/// Reading runs ahead of the consumer by up to a megabyte and then leaves the rest in the pipe, where the child waits.
/// It ends when every process that holds the other end has closed it, which can be after the child's own end; see
/// `finish()`. Chunks go to one consumer each: iterate in one place. When the iterating task is cancelled, the
/// iteration ends, and what was not consumed stays.
public final class ChildOutput: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = Never

    private struct State {
        var chunks: [[UInt8]] = []
        var buffered = 0
        var ended = false
        var suspended = false
        var last = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<[UInt8]?, Never>)] = []
        var cancelled: Set<Int> = []
    }

    private static let limit = 1 << 20
    private static let chunkSize = 1 << 16

    private let state = Mutex(State())
    private let descriptor: Int32
    private let registration: Reactor.Registration

    /// Takes over the reading end of a pipe.
    init(_ descriptor: Int32) {
        setNonBlocking(descriptor)
        self.descriptor = descriptor
        // Paused until there is somebody to call.
        let reader = Reader()
        registration = Reactor.shared.register(
            descriptor, for: .reading, isPaused: true, onCancel: { close(descriptor) },
            handler: { reader.output.withLock { $0.value }?.readAvailable(toTheEnd: false) })
        reader.output.withLock { $0.value = self }
        registration.resume()
    }

    deinit { end() }

    /// Ends the stream after what is in the pipe now, although somebody may hold its other end open.
    ///
    /// For a child that has ended while processes that it left behind keep its output.
    public func finish() {
        Reactor.shared.perform {
            guard self.state.withLock({ !$0.ended }) else { return }
            self.readAvailable(toTheEnd: true)
            self.end()
        }
    }

    /// All bytes to the end of the stream.
    ///
    /// - Parameter limit: bytes that are kept; what comes after them is read and dropped.
    public func collect(limit: Int = .max) async -> [UInt8] {
        var bytes: [UInt8] = []
        for await chunk in self where bytes.count < limit {
            bytes.append(contentsOf: chunk.prefix(limit - bytes.count))
        }
        return bytes
    }

    public func makeAsyncIterator() -> Iterator { Iterator(output: self) }

    /// Takes chunks from the stream.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let output: ChildOutput
        public func next() async -> [UInt8]? { await output.next() }
        public func next(isolation: isolated (any Actor)?) async -> [UInt8]? { await output.next() }
    }

    private func next() async -> [UInt8]? {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        let chunk = await withTaskCancellationHandler {
            await withCheckedContinuation { wait($0, id: id) }
        } onCancel: {
            let waiter: CheckedContinuation<[UInt8]?, Never>? = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiters.remove(at: index).continuation
            }
            waiter?.resume(returning: nil)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        return chunk
    }

    private func wait(_ continuation: CheckedContinuation<[UInt8]?, Never>, id: Int) {
        let answer: [UInt8]?? = state.withLock { state in
            if state.cancelled.contains(id) { return .some(nil) }
            if !state.chunks.isEmpty {
                let chunk = state.chunks.removeFirst()
                state.buffered -= chunk.count
                if state.suspended, state.buffered < Self.limit {
                    state.suspended = false
                    registration.resume()
                }
                return .some(chunk)
            }
            if state.ended { return .some(nil) }
            state.waiters.append((id, continuation))
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    /// Runs on the reactor's thread.
    fileprivate func readAvailable(toTheEnd: Bool) {
        // The kernel does not block a reader of what is there, so a bounded loop here starves nobody.
        var buffer = [UInt8](repeating: 0, count: Self.chunkSize)
        while true {
            let count = retryingInterrupts { read(descriptor, &buffer, buffer.count) }
            if count > 0 {
                if deliver(Array(buffer[..<count])) && !toTheEnd { return }
                if count < buffer.count && !toTheEnd { return }
            } else {
                if count == 0 || errno != EAGAIN { end() }
                return
            }
        }
    }

    /// Hands a chunk on; returns whether reading should pause.
    private func deliver(_ chunk: [UInt8]) -> Bool {
        let (waiter, pause): (CheckedContinuation<[UInt8]?, Never>?, Bool) = state.withLock { state in
            if !state.waiters.isEmpty { return (state.waiters.removeFirst().continuation, false) }
            state.chunks.append(chunk)
            state.buffered += chunk.count
            guard state.buffered >= Self.limit else { return (nil, false) }
            if !state.suspended, !state.ended {
                state.suspended = true
                registration.pause()
            }
            return (nil, true)
        }
        waiter?.resume(returning: chunk)
        return pause
    }

    private func end() {
        let waiters = state.withLock { state in
            guard !state.ended else { return [CheckedContinuation<[UInt8]?, Never>]() }
            state.ended = true
            registration.cancel()
            state.suspended = false
            defer { state.waiters = [] }
            return state.waiters.map(\.continuation)
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }
}

/// What the reactor holds, so that it does not keep an output alive that nobody reads any more.
private final class Reader: Sendable {
    struct Weak { weak var value: ChildOutput? }
    let output = Mutex(Weak())
}
