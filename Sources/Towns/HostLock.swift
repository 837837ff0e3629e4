import Configuration
import Files
import Model
import Operations
import Processes

/// The lock that a town's background host holds for as long as it serves.
enum HostLock {
    private static let pause = Duration.milliseconds(20)
    private static let longest = Duration.seconds(10)

    /// Takes the lock, or returns nil if another process serves the town.
    ///
    /// A host that is killed while it starts a process leaves its lock to that child until the child has reached its
    /// program, and the kernel tells nobody when the lock is free. So this waits for a lock without a living holder;
    /// giving up would leave the town without a host.
    /// - Parameter isWanted: asked between two tries; if it says no, the wait ends with nil.
    /// - Throws: `ProcessError`; `OperationError` (`unavailable`) if the lock does not become free.
    static func acquire(
        _ files: TownFiles, time: any TimeSource, while isWanted: () -> Bool
    ) async throws -> FileLock? {
        var waited = Duration.zero
        while true {
            if let lock = try FileLock.tryAcquire(files.hostLock, text: "\(ProcessIdentity.current)\n") { return lock }
            if ProcessIdentity.named(in: files.hostLock)?.isRunning == true || !isWanted() { return nil }
            guard waited < longest else {
                throw OperationError(
                    .unavailable, "\(files.hostLock) stays locked, although the process that locked it has ended")
            }
            try await time.sleep(for: pause)
            waited += pause
        }
    }
}

extension ProcessIdentity {
    /// The process that the first line of a file names.
    static func named(in file: SafePath) -> ProcessIdentity? {
        FileLock.text(of: file).flatMap { ProcessIdentity(String($0.prefix { !$0.isNewline })) }
    }
}
