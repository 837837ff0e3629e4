import Concurrency

/// The signals that ask this process to end, in steps: the first asks, the second cancels.
final class Shutdown: Sendable {
    private let source = SignalSource()
    private let asked = OneShot<Signal>()

    /// The signal that asked, once one has.
    var signal: Signal? { asked.current }

    /// Asks as the first signal would.
    func ask() { _ = asked.set(.terminate) }

    /// A stream that ends when the process is asked to end.
    func stream() -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let asked = asked
        let waiting = Task {
            _ = try? await asked.wait()
            continuation.finish()
        }
        continuation.onTermination = { _ in waiting.cancel() }
        return stream
    }

    /// Runs `body` with signals in place of their default action; the second one cancels it.
    /// - Parameter onFirst: called at the first signal, off the caller's task.
    func guarding<Result: Sendable>(
        onFirst: @escaping @Sendable (Signal) async -> Void = { _ in },
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let work = Task { try await body() }
        let (signals, asked) = (source.signals, asked)
        let listening = Task {
            for await signal in signals {
                if asked.set(signal) { await onFirst(signal) } else { work.cancel() }
            }
        }
        defer {
            source.cancel()
            listening.cancel()
        }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            work.cancel()
        }
    }
}
