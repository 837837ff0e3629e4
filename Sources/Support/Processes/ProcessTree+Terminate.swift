import Concurrency

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What ending a tree of processes took.
public struct TerminationReport: Sendable, Equatable {
    /// Whether the root had ended before anything was forced: by itself, or when it was asked to.
    public var rootEndedInGrace: Bool
    /// The processes that SIGKILL was sent to.
    public var killed: [ProcessIdentity]
    /// Those that still run: another user's, or stuck in the kernel.
    public var survivors: [ProcessIdentity]

    public init(rootEndedInGrace: Bool, killed: [ProcessIdentity] = [], survivors: [ProcessIdentity] = []) {
        self.rootEndedInGrace = rootEndedInGrace
        self.killed = killed
        self.survivors = survivors
    }
}

extension ProcessTree {
    /// Ends a process and everything that it has started: SIGTERM to the root alone, which may clean up for `grace`,
    /// then SIGKILL to all that is left, the root first and then the deepest, until nothing new turns up.
    ///
    /// The root need not be a child, and may have ended already. Cancelling the task does not stop it.
    /// - Parameters:
    ///   - marker: `KEY=VALUE` in the environment of the tree; finds those that have daemonised themselves as well.
    ///   - grace: how long the root may take; zero kills at once.
    ///   - clock: measures the grace.
    public static func terminate(
        _ root: ProcessIdentity, marker: String? = nil, grace: Duration,
        clock: any Clock<Duration> = ContinuousClock()
    ) async -> TerminationReport {
        await Task {
            // Before the root is asked: when it has gone, its children's parentage has gone as well.
            var ended = !root.isAlive
            let before = ended ? [] : await scanner.run { tree(of: [root], marker: marker, notBefore: root.startTime) }
            if !ended, grace > .zero {
                root.send(.terminate)
                ended = await root.hasEnded(within: grace, clock: clock)
            }
            let killed = await kill([root] + before, marker: marker, notBefore: root.startTime)
            return TerminationReport(
                rootEndedInGrace: ended, killed: killed, survivors: await survivors(of: killed))
        }.value
    }

    /// Ends with SIGKILL every process that was started with `KEY=VALUE` in its environment, and what these started.
    public static func terminate(marker: String) async -> TerminationReport {
        await Task {
            let killed = await kill([], marker: marker)
            return TerminationReport(
                rootEndedInGrace: true, killed: killed, survivors: await survivors(of: killed))
        }.value
    }

    /// Kills `known` and all that descends from them or bears the mark; returns whom it reached.
    private static func kill(_ known: [ProcessIdentity], marker: String?, notBefore start: UInt64 = 0) async
        -> [ProcessIdentity]
    {
        await scanner.run {
            var killed: [ProcessIdentity] = []
            let own = getpid()
            var seen = Set<ProcessIdentity>()
            // What a process starts between the scan and its end is found by the next scan, by its session or mark.
            for _ in 0..<16 {
                let roots = known + killed
                let targets = (known + tree(of: roots, marker: marker, notBefore: start)).filter { target in
                    !seen.contains(target) && target.isAlive && target.pid != own
                }
                if targets.isEmpty { break }
                for target in targets where seen.insert(target).inserted && target.send(.kill) {
                    killed.append(target)
                }
            }
            return killed
        }
    }

    /// Descendants of `roots`, with the marked ones and their descendants; deepest first, never this process.
    private static func tree(of roots: [ProcessIdentity], marker: String?, notBefore start: UInt64)
        -> [ProcessIdentity]
    {
        // After most turns nothing is left, and one reading of the process table is enough to know it.
        let rows = ProcessRow.all()
        let extra = marker.map { marked(with: $0, in: rows, notBefore: start) } ?? []
        if extra.isEmpty, descendants(of: roots, in: rows, except: getpid()).isEmpty { return [] }
        var result = stableDescendants(of: roots + extra)
        let known = Set(result).union(roots)
        result += extra.filter { !known.contains($0) }
        return result
    }

    /// Those of the killed that do not go; the kernel normally takes them at once.
    private static func survivors(of killed: [ProcessIdentity]) async -> [ProcessIdentity] {
        var left: [ProcessIdentity] = []
        for process in killed {
            let ended = await process.hasEnded(within: .seconds(2))
            if !ended { left.append(process) }
        }
        return left
    }
}
