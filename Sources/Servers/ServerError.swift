/// Why there is no server to keep a town's state.
public struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is. Open: switch with a `default`.
    public struct Code: Hashable, Sendable {
        private let name: String
        /// No server program is installed.
        public static let notInstalled = Code(name: "notInstalled")
        /// The server program is older than what is needed.
        public static let tooOld = Code(name: "tooOld")
        /// The server did not start, or does not answer.
        public static let failed = Code(name: "failed")
        /// The configuration contradicts itself.
        public static let configuration = Code(name: "configuration")
        /// The server was started by somebody else.
        public static let notOurs = Code(name: "notOurs")
        /// Others are connected to a server that is not one town's alone.
        public static let inUse = Code(name: "inUse")
        /// A file cannot be written or read.
        public static let file = Code(name: "file")
    }

    /// What kind of failure it is.
    public var code: Code
    /// One or two sentences for people, without any password.
    public var message: String
    /// What to do next.
    public var hint: String

    /// The message.
    public var description: String { message }

    /// A failure of kind `code`.
    public init(_ code: Code, _ message: String, hint: String = "") {
        self.code = code
        self.message = message
        self.hint = hint
    }
}
