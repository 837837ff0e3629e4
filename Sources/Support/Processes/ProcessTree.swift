import Concurrency

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Finds the processes that a process has started, also those that have left its session and its parentage.
///
/// The scans read the process table on a queue of their own. This process and process 1 are never in a result.
public enum ProcessTree {
    static let scanner = QueueExecutor(label: "processes.scan")

    /// The living descendants of `root`, deepest first, without `root` itself.
    ///
    /// By parentage, and by the session and process group that `root` or one of them leads; so those are found too
    /// whose parent has ended, as long as they have kept a session. Works for a root that has ended. Repeated until
    /// two scans agree.
    public static func descendants(of root: ProcessIdentity) async -> [ProcessIdentity] {
        await scanner.run { stableDescendants(of: [root]) }
    }

    /// The living processes that were started with the variable `KEY=VALUE` in their environment, in no order.
    ///
    /// A mark that is handed down finds what daemonised itself: a new session, and no parent left. Processes whose
    /// environment this user may not read are not found.
    public static func processes(withEnvironment variable: String) async -> [ProcessIdentity] {
        await scanner.run { marked(with: variable) }
    }

    /// What the variable `name` holds in the environments of the living processes that were started with
    /// `KEY=VALUE`, this process apart.
    public static func values(of name: String, withEnvironment variable: String) async -> Set<String> {
        await scanner.run {
            let (wanted, start) = (Array(variable.utf8), Array("\(name)=".utf8))
            var values: Set<String> = []
            for row in ProcessRow.all() where row.pid > 1 && row.pid != getpid() && !row.hasEnded {
                guard let environment = settledEnvironment(of: row.pid), environment.contains(wanted),
                    let value = environment.first(where: { $0.starts(with: start) })
                else { continue }
                values.insert(String(decoding: value.dropFirst(start.count), as: UTF8.self))
            }
            return values
        }
    }

    /// - Parameter start: what started before it is passed over: a tree is younger than its root.
    static func marked(
        with variable: String, in rows: [ProcessRow] = ProcessRow.all(), notBefore start: UInt64 = 0
    ) -> [ProcessIdentity] {
        let wanted = Array(variable.utf8)
        let own = getpid()
        return rows.filter { row in
            row.pid > 1 && row.pid != own && !row.hasEnded && row.identity.startTime >= start
                && settledEnvironment(of: row.pid)?.contains(wanted) == true
                // The number may have gone to another process between the two readings.
                && ProcessRow.read(row.pid)?.identity == row.identity
        }.map(\.identity)
    }

    // In the middle of its exec a process has no environment yet, although its parent may have gone on: looked at
    // just then, it would be missed. The kernel tells no one when it is through, and it is a matter of microseconds,
    // on a busy machine of milliseconds. Blocks: for the scanner's queue.
    private static func settledEnvironment(of pid: Int32) -> [[UInt8]]? {
        for attempt in 0..<1000 {
            guard let found = ProcessRow.environment(of: pid) else { return nil }
            if !found.isEmpty || !ProcessRow.isBeginning(pid) { return found }
            usleep(attempt < 10 ? 50 : 1000)
        }
        return []
    }

    /// Scans until nothing new appears; a tree that grows without end is given up on after some rounds.
    static func stableDescendants(of roots: [ProcessIdentity]) -> [ProcessIdentity] {
        var found = descendants(of: roots, in: ProcessRow.all(), except: getpid())
        for _ in 0..<8 {
            let again = descendants(of: roots, in: ProcessRow.all(), except: getpid())
            if Set(again) == Set(found) { return again }
            found = again
        }
        return found
    }

    /// The descendants of `roots` in one reading of the process table, deepest first.
    static func descendants(
        of roots: [ProcessIdentity], in rows: [ProcessRow], except own: Int32
    ) -> [ProcessIdentity] {
        let byNumber = Dictionary(rows.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
        // A number that another process has by now says nothing of the old one. One that nobody has may still name
        // a session or a group: the kernel gives it out again only when these are empty.
        let leaders = roots.filter { root in byNumber[root.pid].map { $0.identity == root } ?? true }
        var depths: [Int32: Int] = [:]
        for leader in leaders { depths[leader.pid] = 0 }
        let rootNumbers = Set(depths.keys)

        var grew = true
        while grew {
            grew = false
            for row in rows where depths[row.pid] == nil && row.pid > 1 && row.pid != own {
                let above = [row.parent, row.session, row.group].compactMap { depths[$0] }.min()
                guard let above else { continue }
                depths[row.pid] = above + 1
                grew = true
            }
        }
        return rows.filter { depths[$0.pid] != nil && !rootNumbers.contains($0.pid) && !$0.hasEnded }
            .sorted { (depths[$0.pid]!, $0.pid) > (depths[$1.pid]!, $1.pid) }
            .map(\.identity)
    }
}
