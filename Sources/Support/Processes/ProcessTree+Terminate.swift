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
    ///   - keeper: the root's, which has adopted everything that the root has started, and ends with it.
    ///   - grace: how long the root may take; zero kills at once.
    ///   - clock: measures the grace.
    public static func terminate(
        _ root: ProcessIdentity, marker: String? = nil, keeper: Keeper? = nil, grace: Duration,
        clock: any Clock<Duration> = ContinuousClock()
    ) async -> TerminationReport {
        await Task {
            let target = Target(marker: marker, keeper: keeper, start: root.startTime)
            // Before the root is asked: when it has gone, its children's parentage has gone as well.
            var ended = !root.isAlive
            let before = ended ? [] : await scanner.run { tree(of: [root], target) }
            if !ended, grace > .zero {
                root.send(.terminate)
                ended = await root.hasEnded(within: grace, clock: clock)
            }
            let killed = await kill([root] + before, target)
            return TerminationReport(
                rootEndedInGrace: ended, killed: killed, survivors: await survivors(of: killed))
        }.value
    }

    /// Ends with SIGKILL every process that was started with `KEY=VALUE` in its environment, and what these started,
    /// and with `keeper` everything that it has adopted.
    public static func terminate(marker: String, keeper: Keeper? = nil) async -> TerminationReport {
        await Task {
            let killed = await kill([], Target(marker: marker, keeper: keeper))
            return TerminationReport(
                rootEndedInGrace: true, killed: killed, survivors: await survivors(of: killed))
        }.value
    }

    /// By what a tree is known, besides its roots.
    private struct Target: Sendable {
        var marker: String?
        var keeper: Keeper?
        /// What started before it is passed over: a tree is younger than its root.
        var start: UInt64 = 0
    }

    /// How many processes are few: they are killed one by one. More may be starting others all the time, so they are
    /// stopped first.
    private static let few = 8

    /// Kills `known` and everything else of the target; returns whom it reached.
    private static func kill(_ known: [ProcessIdentity], _ target: Target) async -> [ProcessIdentity] {
        let killed = await scanner.run {
            if let keeper = target.keeper { ControlGroups.kill(keeper) }
            var killed: [ProcessIdentity] = []
            var (stopped, seen) = (Set<ProcessIdentity>(), Set<ProcessIdentity>())
            // What a process starts between the scan and its end is found by the next scan, by its parent, session or
            // mark. Stopped ones start nothing, so the number of rounds is small however many there are.
            for _ in 0..<200 {
                let found = (known + tree(of: known + killed, target)).filter { process in
                    !seen.contains(process) && process.isAlive && process.pid != getpid()
                }
                if found.isEmpty { break }
                let fresh = found.filter { !stopped.contains($0) }
                if found.count > few, !fresh.isEmpty {
                    for process in fresh where stopped.insert(process).inserted { process.send(.stop) }
                    continue
                }
                for process in found where seen.insert(process).inserted && process.send(.kill) {
                    killed.append(process)
                }
            }
            return killed
        }
        if let keeper = target.keeper { await end(keeper) }
        return killed
    }

    /// Descendants of `roots`, with those that the target's mark, keeper or control group finds and their descendants;
    /// deepest first, never this process.
    private static func tree(of roots: [ProcessIdentity], _ target: Target) -> [ProcessIdentity] {
        // After most turns nothing is left, and one reading of the process table is enough to know it.
        let rows = ProcessRow.all()
        var extra = target.marker.map { marked(with: $0, in: rows, notBefore: target.start) } ?? []
        var keepers: [ProcessIdentity] = []
        if let keeper = target.keeper {
            keepers = keeper.processes(in: rows)
            let members = ControlGroups.members(of: keeper)
            extra += rows.filter { members.contains($0.pid) && !$0.hasEnded }.map(\.identity)
            // A keeper ends only when it has nobody left, or when somebody ended it: what it had is a child of this
            // process then, as of nobody else.
            extra += ProcessTable.adopted(in: rows)
        }
        let all = roots + keepers
        if extra.isEmpty, descendants(of: all, in: rows, except: getpid()).isEmpty { return [] }
        var result = stableDescendants(of: all + extra)
        let known = Set(result).union(all)
        result += Set(extra).filter { !known.contains($0) }
        return result
    }

    /// Returns when the keeper has ended, which it does by itself once it has nobody left.
    private static func end(_ keeper: Keeper) async {
        for process in await scanner.run({ keeper.processes(in: ProcessRow.all()) }) {
            // Somebody may have stopped it.
            process.send(.continue)
            if await !process.hasEnded(within: .seconds(2)) { process.send(.kill) }
        }
        ControlGroups.remove(of: keeper)
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
