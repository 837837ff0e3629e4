import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A child could not be started, or a file of this module could not be used.
public struct ProcessError: Error, Sendable, CustomStringConvertible {
    /// What went wrong, for code that decides.
    public struct Code: Hashable, Sendable {
        private let name: String

        /// No such program, or its interpreter is missing.
        public static let executableNotFound = Code(name: "executableNotFound")
        /// The file is there, but is not a program that may be run.
        public static let notExecutable = Code(name: "notExecutable")
        /// The working directory is missing or cannot be entered.
        public static let directoryMissing = Code(name: "directoryMissing")
        /// An argument, name or value holds a NUL byte, or a variable's name an equals sign.
        public static let invalidArgument = Code(name: "invalidArgument")
        /// Arguments and environment are longer than the system allows.
        public static let argumentsTooLong = Code(name: "argumentsTooLong")
        /// A file could not be opened, read or written.
        public static let file = Code(name: "file")
        /// A file is a link, no regular file, or another user's, and was left alone.
        public static let unsafeFile = Code(name: "unsafeFile")
        /// The system is out of processes, descriptors or memory; retrying later may help.
        public static let exhausted = Code(name: "exhausted")
        /// The reader of a pipe is gone.
        public static let brokenPipe = Code(name: "brokenPipe")
        /// Anything else that the system refused.
        public static let system = Code(name: "system")
    }

    public var code: Code
    /// For people: what was tried and why it failed.
    public var message: String
    /// The system's error number, or 0.
    public var errorNumber: Int32

    /// An error with a text of its own.
    public init(_ code: Code, _ message: String, errorNumber: Int32 = 0) {
        self.code = code
        self.message = message
        self.errorNumber = errorNumber
    }

    /// An error of a system call, whose text follows `message`.
    init(_ code: Code, _ message: String, system number: Int32) {
        let isExhausted = [EMFILE, ENFILE, ENOMEM, EAGAIN].contains(number) && (code == .file || code == .system)
        self.init(
            isExhausted ? .exhausted : code, "\(message): \(systemMessage(number))\(FileError.wayOut(number))",
            errorNumber: number)
    }

    /// A file that could not be used.
    init(_ error: FileError) {
        self.init(
            error.isUnsafe ? .unsafeFile : error.isExhausted ? .exhausted : .file, error.description,
            errorNumber: error.number)
    }

    public var description: String { message }
}
