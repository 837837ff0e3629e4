import Configuration
import Files
public import Operations
public import Processes
import Synchronization

/// Keeps a guardian beside a background host, so that a host that dies comes back.
///
/// Host and guardian learn of each other's end from the kernel. A guardian that dies is replaced; a host that ends in an
/// orderly way ends its guardian first, so that nothing is left where no host is.
public final class HostGuard: Sendable {
    private let files: TownFiles
    private let plan: Guardian.Plan
    private let log: @Sendable (String) -> Void
    private let state: Mutex<State>
    /// Whether a guardian started this host: then it, and nobody else, learns how this host fails.
    private let isInherited: Bool

    private struct State {
        var guardian: Guardian?
        var keeping: Task<Void, Never>?
        var hasServed = false
    }

    /// - Parameters:
    ///   - program: the absolute path of `tt`.
    ///   - environment: this host's, which the next one gets as well.
    ///   - inherited: the guardian that started this host.
    public init(
        root: String, program: String, environment: [String: String], inherited: Guardian? = nil,
        log: @escaping @Sendable (String) -> Void
    ) {
        files = TownFiles(root: root)
        plan = Guardian.Plan(
            program: program, arguments: ["--town", root, "host", "--guarded"],
            environment: HostLauncher.hostEnvironment(environment), folder: root, log: files.hostLog.relative,
            note: files.hostTrouble.relative)
        self.log = log
        isInherited = inherited != nil
        state = Mutex(State(guardian: inherited))
    }

    /// Begins; returns at once, so that a host does not serve later for it.
    func begin() {
        state.withLock { state in
            guard state.keeping == nil else { return }
            state.keeping = Task { await self.keep() }
        }
    }

    /// The host is known to others now: its start went well.
    func serves() {
        files.hostTrouble.remove()
        state.withLock { $0.hasServed = true }
    }

    /// Ends the guardian and returns when it is gone.
    func end() async {
        let keeping = state.withLock { $0.keeping }
        keeping?.cancel()
        await keeping?.value
        let guardian = state.withLock { state in
            defer { (state.guardian, state.keeping) = (nil, nil) }
            return state.guardian
        }
        guard let guardian else { return }
        await guardian.dismiss()
        // Where another host serves, the file names that one's guardian.
        if ProcessIdentity.named(in: files.hostGuardian) == guardian.identity { files.hostGuardian.remove() }
    }

    /// The host fails. If it never served and its starter still looks on, that one hears of it; otherwise
    /// the guardian starts another host.
    func fails() async {
        if !isInherited, !state.withLock({ $0.hasServed }) { await end() }
    }

    private func keep() async {
        // Whatever ends guardians may go on doing so.
        var quickEnds = 0
        while !Task.isCancelled {
            let began = ContinuousClock.now
            if let guardian = await present() {
                try? files.hostGuardian.write("\(guardian.identity)\n")
                guard (try? await guardian.waitForExit()) != nil else { return }
                state.withLock { $0.guardian = nil }
                log("the guardian, process \(guardian.identity.pid), has ended; another one follows")
            }
            quickEnds = ContinuousClock.now - began < .seconds(10) ? quickEnds + 1 : 0
            guard quickEnds > 1 else { continue }
            let pause = Duration.milliseconds(100 * (1 << min(quickEnds - 2, 9)))
            try? await Task.sleep(for: pause)
        }
    }

    /// The guardian that is there, or a new one.
    private func present() async -> Guardian? {
        if let guardian = state.withLock({ $0.guardian }) { return guardian }
        do {
            let guardian = try await Guardian.start(plan)
            state.withLock { $0.guardian = guardian }
            return guardian
        } catch {
            log("no guardian could be started: \(error)")
            return nil
        }
    }

    /// Ends the guardian of a town that no host serves and none is wanted for: it may be waiting to start one again.
    public static func endLeftover(in town: OpenTown) async {
        let files = TownFiles(root: town.root)
        guard let guardian = ProcessIdentity.named(in: files.hostGuardian), guardian.isAlive,
            // A host ends its guardian itself.
            !FileLock.isHeld(files.hostLock)
        else { return }
        if await Guardian.end(guardian) { files.hostGuardian.remove() }
        files.hostTrouble.remove()
    }
}
