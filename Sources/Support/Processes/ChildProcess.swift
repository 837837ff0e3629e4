import CShims
public import Concurrency
public import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A running child. It is reaped when it ends, whether or not anybody waits or still holds this object.
public final class ChildProcess: Sendable {
    /// The number with the start time, to be kept for the next process after a crash.
    public let identity: ProcessIdentity
    /// Where to write, when the launch asked for `.stream`.
    public let input: ChildInput?
    /// What it writes, when the launch asked for `.stream`.
    public let output: ChildOutput?
    /// What it writes to its error output, when the launch asked for `.stream`.
    public let errors: ChildOutput?

    private let status: OneShot<ExitStatus>
    private static let spawner = QueueExecutor(label: "processes.spawn")

    private init(
        identity: ProcessIdentity, input: ChildInput?, output: ChildOutput?, errors: ChildOutput?,
        status: OneShot<ExitStatus>
    ) {
        self.identity = identity
        self.input = input
        self.output = output
        self.errors = errors
        self.status = status
    }

    /// The process id. Signals go through `signal(_:)`, which cannot reach a later process of this number.
    public var pid: Int32 { identity.pid }

    /// Starts a child; returns when it runs its program.
    ///
    /// - Throws: `ProcessError`; nothing runs and nothing is open then.
    public static func spawn(_ launch: Launch) async throws(ProcessError) -> ChildProcess {
        try await spawner.run { () throws(ProcessError) in try start(launch) }
    }

    /// Starts a program that is to outlive this one: a session of its own, no input, all output at the end of `log`.
    ///
    /// - Throws: `ProcessError`.
    public static func spawnDetached(
        _ executable: String, _ arguments: [String] = [], environment: [String: String], directory: String? = nil,
        log: SafePath
    ) async throws(ProcessError) -> ProcessIdentity {
        let launch = Launch(
            executable, arguments, environment: environment, directory: directory, input: .none,
            output: .file(log),
            errors: .file(log))
        return try await spawn(launch).identity
    }

    /// How it ended, as soon as it has. Cancelling the task does not end this wait: use `waitForExit()` for that.
    public var exit: ExitStatus { get async { await status.value } }

    /// How it ended, or nil while it runs.
    public var exitStatus: ExitStatus? { status.current }

    /// How it ended, as soon as it has.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first. The child runs on and is still reaped.
    public func waitForExit() async throws(CancellationError) -> ExitStatus { try await status.wait() }

    /// Sends a signal to the child alone; false when it has ended.
    @discardableResult
    public func signal(_ signal: Signal) -> Bool {
        status.current == nil && identity.send(signal)
    }

    /// Ends both output streams after what is in their pipes; see `ChildOutput.finish()`.
    public func finishOutput() {
        output?.finish()
        errors?.finish()
    }

    /// Runs on the spawner's queue, because a spawn blocks until the program is loaded.
    private static func start(_ launch: Launch) throws(ProcessError) -> ChildProcess {
        shim_keep_exit_statuses()
        var descriptors = try SpawnDescriptors(launch)
        let (started, kept): (Int32, KeptChild?)
        do {
            kept = try launch.keeper.flatMap { keeper throws(ProcessError) in
                try KeptChild.start(launch, keeper, descriptors: descriptors.child)
            }
            if let kept {
                started = kept.keeper
            } else {
                started = try ProcessTable.add { () throws(ProcessError) in
                    try launchProcess(launch, descriptors: descriptors.child)
                }
            }
        } catch {
            descriptors.closeChildSide()
            descriptors.closeOurSide()
            throw error
        }
        descriptors.closeChildSide()
        // Nobody reaps it before the watch exists, so it has a row in the process table, at the least as a zombie.
        let identity =
            kept?.identity ?? ProcessIdentity(pid: started) ?? ProcessIdentity(pid: started, startTime: 0)
        let input = descriptors.input.map { ChildInput($0) }
        let output = descriptors.output.map { ChildOutput($0) }
        let errors = descriptors.errors.map { ChildOutput($0) }
        if case .bytes(let bytes) = launch.input, let input {
            input.enqueue(bytes)
            input.close()
        }
        let status = OneShot<ExitStatus>()
        // The watch keeps the input alive, so that all of it is written though nobody holds this object.
        let end = { @Sendable (result: ExitStatus) in
            input?.end()
            status.set(result)
        }
        do {
            _ = try ExitWatch(pid: started) {
                let result = ProcessTable.reap(started) ?? .unknown
                if kept == nil { end(result) }
            }
        } catch {
            kill(identity.pid, SIGKILL)
            kill(started, SIGKILL)
            while ProcessTable.reap(started) == nil { _ = shim_wait_until_ended(started) }
            if let kept { close(kept.reports) }
            throw error
        }
        kept?.watch(onEnd: end)
        return ChildProcess(identity: identity, input: input, output: output, errors: errors, status: status)
    }
}
