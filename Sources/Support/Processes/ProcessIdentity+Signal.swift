import CShims
public import Concurrency

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension ProcessIdentity {
    /// Sends a signal to exactly this process, never to a later one with its number; false when it is gone or is
    /// another user's.
    @discardableResult
    public func send(_ signal: Signal) -> Bool {
        guard pid > 0 else { return false }
        #if os(Linux)
            let descriptor = shim_pidfd_open(pid)
            if descriptor >= 0 {
                defer { close(descriptor) }
                // The descriptor names the process that has the number now; compared after opening, it cannot change again.
                return isAlive && shim_pidfd_send_signal(descriptor, signal.rawValue) == 0
            }
        #endif
        return isAlive && kill(pid, signal.rawValue) == 0
    }

    /// Returns when the process has ended, child or not. Nothing polls.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first; `ProcessError` when it cannot be watched.
    public func waitForExit() async throws {
        guard isAlive else { return }
        let watch = try ExitWatch(pid: pid)
        defer { watch.cancel() }
        // Compared after the watch has begun: should the number be another process's by now, this one is gone.
        guard isAlive else { return }
        try await watch.ended.wait()
    }

    /// Waits as `waitForExit()` does, but at most for `limit`; returns whether the process has ended.
    ///
    /// Cancelling the task ends the wait early.
    public func hasEnded(within limit: Duration, clock: any Clock<Duration> = ContinuousClock()) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await waitForExit() }
            group.addTask { try? await clock.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        return !isAlive
    }
}
