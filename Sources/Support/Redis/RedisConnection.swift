import Concurrency
import Synchronization

/// One connection from its handshake to its end. Requests of any number of tasks go out one after the other without
/// waiting for the answers between them, and are answered in order.
///
/// Writing happens on the caller's thread while nothing else is under way, which is quick, and on the reactor's
/// otherwise, which sends many requests at once.
final class RedisConnection: Sendable {
    struct State: Sendable {
        var last = 0
        /// Not handed to the socket.
        var waiting = RequestQueue()
        /// Handed to the socket, at least in part; their answers come in this order.
        var sent = RequestQueue()
        /// Bytes of the first kind, and of the second as long as they are owed an answer.
        var bytes = 0
        /// Somebody writes, or will when the socket has room; all others only add to `waiting`.
        var isWriting = false
        var staged: [UInt8] = []
        var stagedOffset = 0
        var lastHeard = ContinuousClock.now
        var failure: RedisError?
        var reading: Reactor.Registration?
        var writing: Reactor.Registration?
    }

    let state = Mutex(State())
    let options: RedisOptions
    private let socket: Socket
    let tls: TLSSession?
    /// Used on the reactor's thread only.
    private let input: Input
    private let onEnd: @Sendable (RedisError) -> Void
    private let onUnasked: (@Sendable ([RedisValue]) -> Void)?
    private let timer: Mutex<DeadlineTimer?> = Mutex(nil)

    /// Confined to the reactor's thread, which is what makes it safe.
    final class Input: @unchecked Sendable {
        var reader: ReplyReader
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        init(limit: Int) { reader = ReplyReader(limit: limit) }
    }

    /// Takes over a connected socket, encrypted already where `tls` is given.
    ///
    /// - Parameters:
    ///   - onUnasked: gets every reply that no request asked for, on the reactor's thread: messages of channels, those
    ///     that were read at once together. Where nil, such a reply ends the connection.
    ///   - onEnd: called once when the connection has ended, after its requests were answered.
    init(
        socket: Socket, tls: TLSSession?, options: RedisOptions, onUnasked: (@Sendable ([RedisValue]) -> Void)? = nil,
        onEnd: @escaping @Sendable (RedisError) -> Void
    ) {
        self.socket = socket
        self.tls = tls
        self.options = options
        self.onEnd = onEnd
        self.onUnasked = onUnasked
        input = Input(limit: options.maxReply)
        let timer = DeadlineTimer { [weak self] in self?.checkDeadlines() }
        self.timer.withLock { $0 = timer }
        // The socket is closed when the reactor has let go of it, and never while its number is being waited for.
        let keep: @Sendable () -> Void = { withExtendedLifetime(socket) {} }
        let writing = Reactor.shared.register(socket.descriptor, for: .writing, isPaused: true, onCancel: keep) {
            [weak self] in self?.hasRoom()
        }
        let reading = Reactor.shared.register(socket.descriptor, for: .reading, isPaused: true, onCancel: keep) {
            [weak self] in self?.hasInput()
        }
        state.withLock { ($0.reading, $0.writing) = (reading, writing) }
        reading.resume()
    }

    deinit { end(RedisError(.closed, "the connection was closed")) }

    /// Why it ended; nil while it lives.
    var failure: RedisError? { state.withLock { $0.failure } }

    // MARK: - Requests

    /// Sends `bytes` and returns the replies, errors among them as values.
    ///
    /// - Throws: `unavailable` when it was certainly not sent, `unknownOutcome` when it may have been; `cancelled`,
    ///   `overloaded`.
    func request(_ bytes: [UInt8], replies: Int, deadline: ContinuousClock.Instant?) async throws(RedisError)
        -> [RedisValue]
    {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        let outcome: RequestOutcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                file(
                    Request(
                        id: id, bytes: bytes, replies: replies, deadline: deadline, continuation: continuation,
                        size: bytes.count))
                // A cancellation that came before the request was filed found nothing to take back.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
        return try outcome.get()
    }

    private func file(_ request: Request) {
        enum Next { case refuse(RedisError), write, writeLater, nothing }
        let next: Next = state.withLock { state in
            if let failure = state.failure { return .refuse(failure.asNotSent) }
            guard state.waiting.count + state.sent.count < options.maxRequests,
                state.bytes + request.size <= options.maxBytes || state.bytes == 0
            else {
                return .refuse(
                    RedisError(.overloaded, "too much waits to be sent to the server; try again in a moment"))
            }
            let isQuiet = state.sent.isEmpty
            state.bytes += request.size
            state.waiting.append(request)
            if state.isWriting { return .nothing }
            state.isWriting = true
            return isQuiet ? .write : .writeLater
        }
        if let deadline = request.deadline { arm(deadline) }
        switch next {
        case .refuse(let error): request.continuation?.resume(returning: .failure(error))
        case .write: write(limit: 1)
        case .writeLater: Reactor.shared.perform { [weak self] in self?.write(limit: .max) }
        case .nothing: break
        }
    }

    /// Sends `bytes`, whose answers, if any, are nobody's: they go to `onUnasked`.
    func post(_ bytes: [UInt8]) {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        file(Request(id: id, bytes: bytes, replies: 0, deadline: nil, continuation: nil, size: bytes.count))
    }

    private func cancel(_ id: Int) {
        giveUp(id, wasSent: .wasCancelled(mayHaveRun: true), wasNot: .wasCancelled(mayHaveRun: false))
    }

    /// Answers a caller before the server does. What was sent stays in line, so that later answers find their request.
    func giveUp(_ id: Int, wasSent: RedisError, wasNot: RedisError) {
        let (continuation, error) = state.withLock { state in
            if let request = state.waiting.remove(id) {
                state.bytes -= request.size
                return (request.continuation, wasNot)
            }
            let continuation = state.sent.update(id) { request in
                defer { request.continuation = nil }
                return request.continuation
            }
            return (continuation ?? nil, wasSent)
        }
        continuation?.resume(returning: .failure(error))
    }

    /// Calls `checkDeadlines` at this moment.
    func arm(_ deadline: ContinuousClock.Instant) { timer.withLock { $0 }?.arm(deadline) }

    // MARK: - Writing

    private func hasRoom() {
        state.withLock { $0.writing }?.pause()
        write(limit: .max)
    }

    /// Sends what waits; only for the caller that set `isWriting`. After `limit` parts the reactor goes on.
    private func write(limit: Int) {
        var parts = 0
        while let (part, first) = nextPart() {
            var offset = first
            if parts == limit {
                state.withLock { ($0.staged, $0.stagedOffset) = (part, offset) }
                return Reactor.shared.perform { [weak self] in self?.write(limit: .max) }
            }
            parts += 1
            while offset < part.count {
                let start = offset
                let transfer = part.withUnsafeBytes { socket.write(UnsafeRawBufferPointer(rebasing: $0[start...])) }
                switch transfer {
                case .moved(let count): offset += count
                case .wouldBlock:
                    let writing = state.withLock { state in
                        (state.staged, state.stagedOffset) = (part, offset)
                        return state.failure == nil ? state.writing : nil
                    }
                    writing?.resume()
                    return
                case .ended(let reason):
                    // What the server said last, such as why it refuses, may still wait to be read.
                    return Reactor.shared.perform { [weak self] in
                        self?.hasInput()
                        self?.end(RedisError(.unavailable, reason))
                    }
                }
            }
        }
    }

    /// What is sent next, encrypted where it has to be; nil, and nobody writes any more, when nothing waits.
    private func nextPart() -> (bytes: [UInt8], offset: Int)? {
        let (plain, staged, offset): ([UInt8], [UInt8], Int) = state.withLock { state in
            guard state.failure == nil else { return ([], [], 0) }
            if !state.staged.isEmpty {
                defer { (state.staged, state.stagedOffset) = ([], 0) }
                return ([], state.staged, state.stagedOffset)
            }
            var bytes: [UInt8] = []
            let now = ContinuousClock.now
            while bytes.count < 64 << 10, var request = state.waiting.popFirst() {
                if bytes.isEmpty { bytes = request.bytes } else { bytes.append(contentsOf: request.bytes) }
                request.bytes = []
                request.sentAt = now
                if request.replies > 0 { state.sent.append(request) } else { state.bytes -= request.size }
            }
            if bytes.isEmpty { state.isWriting = false }
            return (bytes, [], 0)
        }
        if !staged.isEmpty { return (staged, offset) }
        guard !plain.isEmpty else { return nil }
        guard let tls else { return (plain, 0) }
        do throws(RedisError) {
            try tls.encrypt(plain)
            return (tls.takeOutput(), 0)
        } catch {
            end(error)
            return nil
        }
    }

    // MARK: - Reading

    private func hasInput() {
        // A few rounds, then the other descriptors have their turn.
        for _ in 0..<8 {
            let transfer = input.buffer.withUnsafeMutableBytes { socket.read(into: $0) }
            switch transfer {
            case .wouldBlock: return
            case .ended(let reason): return end(RedisError(.unavailable, reason))
            case .moved(let count):
                do throws(RedisError) { answer(try values(count)) } catch { return end(error) }
                if count < input.buffer.count { return }
            }
        }
    }

    private func values(_ count: Int) throws(RedisError) -> [RedisValue] {
        guard let tls else {
            return try input.reader.read(input.buffer[..<count])
        }
        input.buffer.withUnsafeBytes { tls.feed(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        return try input.reader.read(tls.decrypt()[...])
    }

    /// Hands replies to the requests that have waited longest.
    private func answer(_ values: [RedisValue]) {
        var answered: [(CheckedContinuation<RequestOutcome, Never>, [RedisValue])] = []
        var unasked: [RedisValue] = []
        state.withLock { state in
            state.lastHeard = .now
            for value in values {
                if onUnasked != nil, value.isPushed || state.sent.isEmpty {
                    unasked.append(value)
                    continue
                }
                let isWhole = state.sent.updateFirst { request in
                    if request.continuation != nil || request.replies > 1 { request.values.append(value) }
                    return request.values.count >= request.replies || request.replies == 1
                }
                guard let isWhole else {
                    unasked.append(value)
                    continue
                }
                guard isWhole, let request = state.sent.popFirst() else { continue }
                state.bytes -= request.size
                if let continuation = request.continuation { answered.append((continuation, request.values)) }
            }
        }
        for (continuation, values) in answered { continuation.resume(returning: .success(values)) }
        guard let first = unasked.first else { return }
        if let onUnasked { return onUnasked(unasked) }
        if case .error(let error) = first { return end(error) }
        end(RedisError(.protocolViolation, "the server answered something that it was not asked"))
    }

    // MARK: - The end

    /// Ends the connection; what is not answered fails. Only the first call counts.
    func end(_ error: RedisError) {
        let ended: (waiting: [Request], sent: [Request])? = state.withLock { state in
            guard state.failure == nil else { return nil }
            state.failure = error
            state.reading?.cancel()
            state.writing?.cancel()
            (state.reading, state.writing) = (nil, nil)
            (state.staged, state.bytes) = ([], 0)
            return (state.waiting.removeAll(), state.sent.removeAll())
        }
        guard let ended else { return }
        socket.shutDown()
        timer.withLock { $0 = nil }
        for request in ended.sent { request.continuation?.resume(returning: .failure(error.asSent)) }
        for request in ended.waiting { request.continuation?.resume(returning: .failure(error.asNotSent)) }
        onEnd(error)
    }
}

extension RedisValue {
    /// A message of a channel, or the confirmation of a subscription: what RESP2 mixes with the replies.
    fileprivate var isPushed: Bool {
        guard case .array(let elements) = self, case .bytes(let kind)? = elements.first else { return false }
        return ["message", "pmessage", "smessage"].contains(String(decoding: kind, as: UTF8.self))
    }
}

extension RedisError {
    /// This end of a connection, for a request that was sent.
    var asSent: RedisError {
        RedisError(
            .unknownOutcome, "the connection ended before the answer came, so it may have been carried out: \(message)",
            reply: reply)
    }

    /// This end of a connection, for a request that was not.
    var asNotSent: RedisError {
        let passing: [Code] = [.unavailable, .unknownOutcome, .closed]
        return RedisError(passing.contains(code) ? .unavailable : code, message, reply: reply, mayHaveRun: false)
    }
}
