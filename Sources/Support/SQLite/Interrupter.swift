import CSQLite
import Synchronization

/// Stops what a connection is doing, from any thread.
public final class Interrupter: Sendable {
    /// Unchecked: `sqlite3_interrupt` is the one call that other threads may make, and nothing else is done with it.
    private struct Target: @unchecked Sendable { var handle: OpaquePointer? }

    private let target: Mutex<Target>

    init(_ handle: OpaquePointer) { target = Mutex(Target(handle: handle)) }

    /// Makes the statements that run now fail with `interrupted`; a write outside a transaction is undone, a
    /// transaction that was writing is rolled back. Nothing happens when none runs, or after `close()`.
    public func interrupt() {
        target.withLock { target in
            if let handle = target.handle { sqlite3_interrupt(handle) }
        }
    }

    /// Comes before closing the handle, so that a late interrupt finds nothing.
    func disarm() { target.withLock { $0.handle = nil } }
}
