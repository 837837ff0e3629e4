public import Files

/// What a child is started with.
///
/// Nothing passes through a shell: arguments reach the program byte for byte.
public struct Launch: Sendable {
    /// Where a child's standard input comes from.
    public enum Input: Sendable {
        /// Nothing: the end of the file at once.
        case none
        /// These bytes, written while the child runs, and then the end.
        case bytes([UInt8])
        /// What is written to `ChildProcess.input`, until that is closed.
        case stream
        /// This program's own standard input.
        case inherit
        /// An open descriptor, which stays the caller's.
        case descriptor(Int32)
    }

    /// Where a child's standard output or error output goes.
    public enum Output: Sendable {
        /// Nowhere.
        case discard
        /// To `ChildProcess.output` or `ChildProcess.errors`. Somebody must read that, or the child waits.
        case stream
        /// To this program's own.
        case inherit
        /// To an open descriptor, which stays the caller's.
        case descriptor(Int32)
        /// To the end of a file, made with mode 0600 if need be; never to where a link leads.
        case file(SafePath)
    }

    /// A path, or a name that is looked for on the PATH of `environment`.
    public var executable: String
    /// The arguments after the program's name.
    public var arguments: [String]
    /// The whole environment: nothing else is added.
    public var environment: [String: String]
    /// The working directory; nil for this program's own.
    public var directory: String?
    public var input: Input
    public var output: Output
    public var errors: Output
    /// Whether the child leads a session, and so a process group, of its own: no terminal, no signals from its keys.
    public var newSession: Bool
    /// Adopts what the child starts, so that all of it can be ended; nil for a child without one.
    public var keeper: Keeper?

    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String], directory: String? = nil,
        input: Input = .none, output: Output = .stream, errors: Output = .stream, newSession: Bool = true,
        keeper: Keeper? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.input = input
        self.output = output
        self.errors = errors
        self.newSession = newSession
        self.keeper = keeper
    }
}
