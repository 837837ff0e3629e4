import Concurrency
import Configuration
import Files
import Harnesses
import Model
public import Operations
import Processes

/// Makes sure that a background host serves a town on this machine.
public struct HostLauncher: Sendable {
    private let program: String
    private let environment: [String: String]
    private let limit: Duration
    /// A turn's own commands never ask for a host: the one that runs the turn may be waiting for its end.
    private let isInTurn: Bool
    /// The town of the turn that this process belongs to.
    private let turnTown: String?

    /// - Parameters:
    ///   - program: the absolute path of `tt`.
    ///   - environment: what the host inherits; what a turn added to it is left out, because a host outlives the turn
    ///     that happens to start it, and whatever carries a turn's id is ended with that turn.
    ///   - limit: how long a host may take to come up.
    public init(program: String, environment: [String: String], limit: Duration = .seconds(30)) {
        self.program = program
        isInTurn = environment["TINYTOWN_TURN"] != nil
        turnTown = isInTurn ? environment["TINYTOWN_TOWN"] : nil
        self.environment = Self.hostEnvironment(environment)
        self.limit = limit
    }

    /// What a host inherits of an environment.
    static func hostEnvironment(_ environment: [String: String]) -> [String: String] {
        environment.filter { name, _ in
            (!name.hasPrefix("TINYTOWN_") || RedisAccess.names.contains(name))
                // What a git hook adds is of one commit, and a host outlives that as well.
                && !EnvironmentFilter.isOfOneRepository(name)
        }
    }

    /// One that starts the running program anew.
    public static func current(_ environment: [String: String]) -> HostLauncher {
        HostLauncher(program: Executable.currentPath ?? "tt", environment: environment)
    }

    /// Returns when a host serves the town, or no live agent needs one; where a host still drains, when it knows that
    /// another one has to follow it.
    ///
    /// Any number of callers at once end up with one host: the town's lock decides, and late callers wait
    /// for the winner. Nothing polls: the store's bell, the end of the started process and the end of the lock's
    /// holder are what it waits for.
    /// - Throws: `OperationError` (`unavailable`) with what the host said last.
    public func ensureHost(for town: OpenTown) async throws {
        // What a turn finds is what its host finds, and a person's shell may know more.
        if !isInTurn { await KnownPath.keep(town, environment: environment) }
        guard try await needsHost(town), try await !isServed(town) else { return }
        let files = TownFiles(root: town.root)
        try files.prepare()
        let (rings, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var waiting: [Task<Void, Never>] = []
        defer { for task in waiting { task.cancel() } }
        let changes = try await town.store.changes()
        waiting.append(Task { for await _ in changes { ring.yield() } })
        let isLate = OneShot<Void>()
        let (time, limit) = (town.time, limit)
        waiting.append(
            Task {
                guard (try? await time.sleep(for: limit)) != nil else { return }
                isLate.set()
                ring.yield()
            })

        var child: ChildProcess?
        var watched: ProcessIdentity?
        var starts = 0
        var isAsked = false
        let logStart = try Self.rotated(files.hostLog, limit: town.configuration.logSizeMB)
        var bells = rings.makeAsyncIterator()
        while true {
            if try await isServed(town) { return }
            if isDraining(files), isInTurn || isSuccessorAsked(files) { return }
            if let status = child?.exitStatus {
                child = nil
                // One that was killed says nothing about the next one.
                if case .exited = status, !status.isSuccess {
                    throw failure("the host of \(town.name) ended (\(status))", files, from: logStart)
                }
            }
            if isLate.current != nil {
                throw failure("the host of \(town.name) did not come up within \(limit)", files, from: logStart)
            }
            if FileLock.isHeld(files.hostLock) {
                // It comes up, or it is about to end and will look once more at what there is to do.
                if let holder = ProcessIdentity.named(in: files.hostLock), holder.isAlive {
                    if holder != watched {
                        watched = holder
                        waiting.append(
                            Task {
                                try? await holder.waitForExit()
                                ring.yield()
                            })
                    }
                } else {
                    // A host that was killed in the middle of a start leaves its lock to the child until that has reached
                    // its program, and the kernel tells nobody when the lock is free.
                    waiting.append(
                        Task {
                            try? await time.sleep(for: .milliseconds(20))
                            ring.yield()
                        })
                }
            } else if child == nil {
                guard try await needsHost(town) else { return }
                // What a turn starts ends with the turn, so the process that runs the turn starts the host.
                if turnTown == town.root, try await isServedInForeground(town) {
                    if !isAsked { try files.hostWanted.write("") }
                    isAsked = true
                } else {
                    guard starts < 3 else { throw failure("no host of \(town.name) stays up", files, from: logStart) }
                    starts += 1
                    let started = try await start(town, files)
                    child = started
                    waiting.append(
                        Task {
                            _ = try? await started.waitForExit()
                            ring.yield()
                        })
                }
            }
            guard await bells.next() != nil else { throw CancellationError() }
        }
    }

    private func needsHost(_ town: OpenTown) async throws -> Bool {
        try await town.needsHost()
    }

    private func isServed(_ town: OpenTown) async throws -> Bool {
        let draining = ProcessIdentity.named(in: TownFiles(root: town.root).hostDraining)?.description
        return try await town.store.hosts().contains {
            !$0.isForeground && town.isAlive($0) == true && $0.process != draining
        }
    }

    /// Whether a process of this machine serves one of the town's agents in a terminal.
    private func isServedInForeground(_ town: OpenTown) async throws -> Bool {
        try await town.store.hosts().contains { $0.isForeground && town.isAlive($0) == true }
    }

    private func isDraining(_ files: TownFiles) -> Bool {
        guard let draining = ProcessIdentity.named(in: files.hostDraining) else { return false }
        return FileLock.isHeld(files.hostLock) && ProcessIdentity.named(in: files.hostLock) == draining
    }

    /// Tells the draining host that another one is needed. It looks after it has let go of the lock, so either it sees
    /// this or the lock is free by now.
    private func isSuccessorAsked(_ files: TownFiles) -> Bool {
        try? files.hostWanted.write("")
        return isDraining(files)
    }

    private func start(_ town: OpenTown, _ files: TownFiles) async throws -> ChildProcess {
        do {
            return try await ChildProcess.spawn(
                Launch(
                    program, ["--town", town.root, "host"], environment: environment, directory: town.root,
                    input: .none, output: .file(files.hostLog), errors: .file(files.hostLog)))
        } catch {
            throw OperationError(.unavailable, "the host of \(town.name) cannot be started: \(error)")
        }
    }

    private func failure(_ message: String, _ files: TownFiles, from start: Int) -> OperationError {
        let length = Int(clamping: files.hostLog.size ?? 0)
        let bytes = try? files.hostLog.tail(min(65_536, max(0, length - start)))
        let said = String(decoding: bytes ?? [], as: UTF8.self)
            .split(whereSeparator: \.isNewline).suffix(3).joined(separator: " · ")
        return OperationError(
            .unavailable, said.isEmpty ? message : "\(message): \(said)", hint: "the host's log is \(files.hostLog)")
    }

    /// Puts the log aside where it has grown too large; returns where new text will begin.
    private static func rotated(_ log: SafePath, limit megabytes: Int) throws -> Int {
        try log.check()
        let size = Int(clamping: log.size ?? 0)
        guard size > megabytes * 1_000_000 else { return size }
        try log.rename(to: log.name + ".1")
        return 0
    }
}
