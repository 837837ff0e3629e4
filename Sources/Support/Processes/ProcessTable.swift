import CShims
import Concurrency
import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Which children belong to a `ChildProcess`, so that each exit status is taken once, and by whom it is meant for.
public enum ProcessTable {
    /// Held while a child is made, so that one that ends at once is not taken for an orphan.
    private static let own = Mutex<Set<Int32>>([])

    /// Makes a child and files it. `spawn` may make none, and returns 0 or less then.
    static func add(_ spawn: () throws(ProcessError) -> Int32) throws(ProcessError) -> Int32 {
        try own.withLock { own throws(ProcessError) in
            let pid = try spawn()
            if pid > 0 { own.insert(pid) }
            return pid
        }
    }

    /// The living children in `rows` that no `ChildProcess` stands for. None unless this process adopts orphans: a
    /// child of another kind may be anything.
    static func adopted(in rows: [ProcessRow]) -> [ProcessIdentity] {
        guard Subreaper.isEnabled else { return [] }
        let parent = getpid()
        let found = rows.filter { $0.parent == parent && !$0.hasEnded }
        if found.isEmpty { return [] }
        // Asked after the rows were read: a child that is just being made is filed by then.
        return own.withLock { own in found.filter { !own.contains($0.pid) }.map(\.identity) }
    }

    /// Takes the status of a filed child that has ended; nil while it runs.
    static func reap(_ pid: Int32) -> ExitStatus? {
        own.withLock { own in
            var exit = shim_exit()
            switch shim_reap(pid, &exit) {
            case 0: return nil
            case 1:
                own.remove(pid)
                return exit.signalled
                    ? .signalled(Signal(rawValue: exit.status)) : .exited(exit.status)
            default:
                own.remove(pid)
                return .unknown
            }
        }
    }

    /// Reaps every ended child that no `ChildProcess` stands for, and returns how many these were.
    ///
    /// Does not wait for a child, but may wait some milliseconds for a spawn: not to be called on the cooperative pool.
    @discardableResult
    public static func reapOrphans() -> Int {
        own.withLock { own in
            var count = 0
            var exit = shim_exit()
            while true {
                let ended = shim_peek_ended_child()
                if ended <= 0 { return count }
                if own.contains(ended) { break }
                if shim_reap(ended, &exit) == 1 { count += 1 }
            }
            // A child that is not ours to reap hides the others, so they are looked up one by one.
            let parent = getpid()
            for row in ProcessRow.all() where row.parent == parent && row.hasEnded && !own.contains(row.pid) {
                if shim_reap(row.pid, &exit) == 1 { count += 1 }
            }
            return count
        }
    }
}

/// Makes this process the one that orphans below it come to.
public enum Subreaper {
    private static let reaper = Mutex<Bool>(false)
    private static let queue = DispatchQueue(label: "processes.orphans")

    /// Whether this process adopts orphans.
    static var isEnabled: Bool { reaper.withLock { $0 } }

    /// Adopts orphaned descendants from now on and reaps them when they end. Calling it again changes nothing.
    ///
    /// A process that starts children by other means than this module must not enable it: they would be reaped too.
    /// Where the system has no such role (macOS), orphans go to process 1 as ever, which reaps them.
    public static func enable() {
        let isFirst = reaper.withLock { enabled in
            defer { enabled = true }
            return !enabled
        }
        guard isFirst, shim_become_subreaper() == 0 else { return }
        let source = DispatchSource.makeSignalSource(signal: SIGCHLD, queue: queue)
        nonisolated(unsafe) let owned: any DispatchSourceSignal = source
        source.setEventHandler {
            ProcessTable.reapOrphans()
            // Names the source, so that it lives as long as the process.
            _ = owned
        }
        // One that ended before the source was ready made no event.
        source.setRegistrationHandler { ProcessTable.reapOrphans() }
        source.activate()
    }
}
