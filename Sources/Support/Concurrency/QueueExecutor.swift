public import Dispatch

/// A serial executor on a private dispatch queue: what runs on it may block without holding up the cooperative pool.
///
/// An actor takes it as its own:
/// ```swift
/// private let executor = QueueExecutor(label: "database")
/// nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
/// ```
/// One executor serves one resource. Sixty that block at once delay nobody; a few hundred reach the system's limit.
public final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// Makes the queue; `label` shows in debuggers.
    public init(label: String, qos: DispatchQoS = .unspecified) {
        queue = DispatchQueue(label: label, qos: qos)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    public func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }

    /// Runs a blocking call on the queue and returns what it returns; calls run one after the other, in order.
    ///
    /// Cancelling the caller does not interrupt the call.
    public func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            queue.async {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
