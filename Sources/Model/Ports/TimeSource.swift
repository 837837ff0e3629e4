/// The wall clock and waiting for it, injected so that a simulation owns time.
public protocol TimeSource: Sendable {
    func now() -> Timestamp

    /// Returns after `duration` has passed, or throws `CancellationError`.
    func sleep(for duration: Duration) async throws
}
