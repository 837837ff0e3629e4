import Concurrency
import Towns

/// The signals that ask this process to end, in steps: the first asks, the second cancels.
final class Shutdown: Sendable {
    private let source = SignalSource()
    /// Asked by the first signal.
    let ending = HostEnding()

    /// Runs `body` with signals in place of their default action; the second one cancels it.
    /// - Parameter onFirst: called at the first signal, off the caller's task.
    func guarding<Result: Sendable>(
        onFirst: @escaping @Sendable (Signal) async -> Void = { _ in },
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let work = Task { try await body() }
        let (signals, ending) = (source.signals, ending)
        let listening = Task {
            for await signal in signals {
                if ending.ask("\(signal)") { await onFirst(signal) } else { work.cancel() }
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
