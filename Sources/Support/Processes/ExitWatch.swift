import CShims
import Concurrency
import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tells when a process ends, also one that is not a child. Nothing polls: the kernel wakes the waiters.
///
/// It lives until the process ends or `cancel()` is called.
final class ExitWatch: Sendable {
    /// Set when the process has ended.
    let ended = OneShot<Void>()

    private static let queue = DispatchQueue(label: "processes.exits")
    private let stop: @Sendable () -> Void

    /// Watches the process that has this number now; one that is gone already counts as ended.
    ///
    /// - Parameter onEnd: called once, on a queue where it may block, before `ended` is set.
    /// - Throws: `ProcessError` when the system has no descriptor left.
    init(pid: Int32, onEnd: @escaping @Sendable () -> Void = {}) throws(ProcessError) {
        let ended = ended
        let finish = { @Sendable in
            Self.queue.async {
                guard ended.current == nil else { return }
                onEnd()
                ended.set()
            }
        }
        #if os(Linux)
            let opened = shim_pidfd_open(pid)
            guard opened >= 0 else {
                guard errno == ESRCH else {
                    throw ProcessError(.exhausted, "cannot watch process \(pid)", system: errno)
                }
                stop = {}
                finish()
                return
            }
            let descriptor = movedAboveStandard(opened)
            // The registration does not exist yet where its handler is made, so its number comes later.
            let own = OneShot<Reactor.Registration>()
            let registration = Reactor.shared.register(
                descriptor, for: .reading, isPaused: true, onCancel: { close(descriptor) },
                handler: {
                    own.current?.cancel()
                    finish()
                })
            own.set(registration)
            registration.resume()
            stop = { registration.cancel() }
        #else
            let source = DispatchSource.makeProcessSource(identifier: pid, eventMask: .exit, queue: Self.queue)
            // Cancelling is safe from any thread, and nothing else is done with it.
            nonisolated(unsafe) let owned: any DispatchSourceProcess = source
            source.setEventHandler {
                owned.cancel()
                finish()
            }
            source.activate()
            stop = { owned.cancel() }
            // The source may have come too late to see the event.
            if kill(pid, 0) != 0, errno == ESRCH { finish() }
        #endif
    }

    /// Stops watching; `ended` stays as it is.
    func cancel() { stop() }
}
