import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Signals to this process as a stream of values, in place of their default action.
public final class SignalSource: Sendable {
    /// What asks a program to end: SIGTERM, SIGINT and SIGHUP.
    public static let shutdown: [Signal] = [.terminate, .interrupt, .hangUp]

    /// The signals as they arrive. Equal ones that come at the same moment may be one. Ends with `cancel()`.
    public let signals: AsyncStream<Signal>
    private let continuation: AsyncStream<Signal>.Continuation
    /// Set once; cancelling, the only use, is safe from any thread.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// Starts to listen: a signal that comes after this returns is in the stream. SIGPIPE is ignored from now on as well, so that a write to a gone peer fails instead of killing.
    public init(_ wanted: [Signal] = SignalSource.shutdown) {
        Self.ignoreBrokenPipes()
        let (stream, continuation) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(16))
        let queue = DispatchQueue(label: "signals")
        signals = stream
        self.continuation = continuation
        let registered = DispatchGroup()
        sources = wanted.map { wanted in
            #if canImport(Darwin)
                // There the source only watches; the default action would still be carried out.
                _ = signal(wanted.rawValue, SIG_IGN)
            #endif
            let source = DispatchSource.makeSignalSource(signal: wanted.rawValue, queue: queue)
            source.setEventHandler { continuation.yield(wanted) }
            registered.enter()
            source.setRegistrationHandler { registered.leave() }
            source.activate()
            return source
        }
        // Some microseconds, on a queue that nothing else uses; until then the default action would be carried out.
        registered.wait()
    }

    deinit { cancel() }

    /// Stops listening and ends the stream.
    public func cancel() {
        for source in sources { source.cancel() }
        continuation.finish()
    }

    /// Makes writing to a closed pipe or socket fail with `EPIPE` in this process. Children get the default back.
    public static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }
}
