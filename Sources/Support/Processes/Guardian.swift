import CShims
import Concurrency
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A small process beside this one, its host, that starts the host's program again if the host dies.
///
/// The two are connected by a socket, so the kernel tells each of the other's end, however it came. The guardian sleeps until
/// then. It is this program under another name, and never gets as far as the rest of it: see `takeOver`.
public final class Guardian: Sendable {
    /// The word that makes a guardian of this program.
    private static let word = "guardian"

    /// The guardian's process.
    public let identity: ProcessIdentity
    private let socket: OpenSocket
    private let registration: Reactor.Registration
    private let gone: OneShot<Void>
    /// Set if the guardian is a child of this process.
    private let child: ChildProcess?

    /// What a guardian starts, and where it writes.
    public struct Plan: Sendable {
        /// Absolute path of the program.
        public var program: String
        public var arguments: [String]
        public var environment: [String: String]
        /// The host's working directory.
        public var folder: String
        /// Beneath the folder: gets the host's output, and what the guardian says.
        public var log: String
        /// Beneath the folder: says why no host runs. See `GuardianNote`.
        public var note: String

        public init(
            program: String, arguments: [String], environment: [String: String], folder: String, log: String,
            note: String
        ) {
            self.program = program
            self.arguments = arguments
            self.environment = environment
            self.folder = folder
            self.log = log
            self.note = note
        }
    }

    /// Turns this process into a guardian if it was started as one; otherwise returns at once. To be called before the
    /// program does anything else, so that the guardian has next to no memory of its own.
    public static func takeOver() {
        let count = Int(CommandLine.argc)
        let words = CommandLine.unsafeArgv
        // program, the word, folder, log, note, and the host's arguments
        guard count > 5, let program = words[0], let second = words[1], strcmp(second, word) == 0,
            let folder = words[2], let log = words[3], let note = words[4],
            shim_is_connected(0) == 1
        else { return }
        let host = shim_fcntl(0, F_DUPFD_CLOEXEC, 3)
        guard host > 2 else { return }
        replaceStandardInput()
        // The host's own arguments begin with the program's name; the words before them are not the host's.
        words[4] = program
        var guarded = shim_guard(
            host: host, program: program, arguments: words + 4, environment: environ, folder: folder, log: log,
            note: note)
        shim_guard(&guarded)
    }

    /// Starts a guardian of this process.
    public static func start(_ plan: Plan) async throws(ProcessError) -> Guardian {
        var ends: [Int32] = [-1, -1]
        let error = shim_socket_pair(&ends)
        guard error == 0 else { throw ProcessError(.exhausted, "cannot make a socket", system: error) }
        defer { close(ends[1]) }
        do throws(ProcessError) {
            let child = try await ChildProcess.spawn(
                Launch(
                    plan.program, [word, plan.folder, plan.log, plan.note] + plan.arguments,
                    environment: plan.environment, directory: "/", input: .descriptor(ends[1]), output: .discard,
                    errors: .discard))
            return Guardian(child.identity, socket: ends[0], child: child)
        } catch {
            close(ends[0])
            throw error
        }
    }

    /// The guardian that started this process, by the socket that is this process's standard input; nil if there is none.
    /// Standard input is empty afterwards.
    public static func inherited() -> Guardian? {
        guard shim_is_connected(0) == 1 else { return nil }
        var (user, process): (uid_t, pid_t) = (0, 0)
        guard shim_unix_peer(0, &user, &process) == 0, user == getuid(), let row = ProcessRow.read(process),
            !row.hasEnded, row.isGuardian
        else { return nil }
        let socket = shim_fcntl(0, F_DUPFD_CLOEXEC, 3)
        guard socket > 2 else { return nil }
        replaceStandardInput()
        return Guardian(row.identity, socket: socket, child: nil)
    }

    private init(_ identity: ProcessIdentity, socket: Int32, child: ChildProcess?) {
        self.identity = identity
        self.child = child
        let (socket, gone, own) = (OpenSocket(socket), OneShot<Void>(), OneShot<Reactor.Registration>())
        (self.socket, self.gone) = (socket, gone)
        // A guardian never writes, so whatever can be read is its end. The registration does not exist yet where its
        // handler is made.
        registration = Reactor.shared.register(
            socket.descriptor, for: .reading, isPaused: true, onCancel: { socket.close() },
            handler: {
                own.current?.cancel()
                gone.set()
            })
        own.set(registration)
        registration.resume()
    }

    deinit { registration.cancel() }

    /// Returns when the guardian is gone.
    /// - Throws: `CancellationError`.
    public func waitForExit() async throws(CancellationError) { try await gone.wait() }

    /// Tells it that this process ends in an orderly way, and returns when it is gone.
    public func dismiss() async {
        socket.dismiss()
        let hasEnded = await identity.hasEnded(within: .seconds(5))
        // Taken from the process table as well.
        if hasEnded { _ = await child?.exit }
    }

    /// Ends a guardian that has no host at present; false if the process is no guardian.
    @discardableResult
    public static func end(_ identity: ProcessIdentity) async -> Bool {
        guard let row = ProcessRow.read(identity.pid), row.identity == identity, row.isGuardian else { return false }
        identity.send(.terminate)
        return await identity.hasEnded(within: .seconds(5))
    }

    private static func replaceStandardInput() {
        let empty = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard empty >= 0 else { return }
        dup2(empty, 0)
        if empty > 2 { close(empty) }
    }
}

/// This process's end of the socket. The number means something else once it is closed.
private final class OpenSocket: Sendable {
    let descriptor: Int32
    private let isOpen = Mutex(true)

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func dismiss() {
        isOpen.withLock { if $0 { shim_dismiss(descriptor) } }
    }

    func close() {
        isOpen.withLock { isOpen in
            if isOpen { _ = closeDescriptor(descriptor) }
            isOpen = false
        }
    }
}

private func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }

extension ProcessRow {
    /// Whether it calls itself as guardians do. macOS keeps no such name.
    var isGuardian: Bool {
        #if os(Linux)
            name == "tt-guardian"
        #else
            true
        #endif
    }
}
