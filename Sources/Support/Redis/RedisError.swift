/// Why a server did not do what it was asked for, or is not known to have done it.
public struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is. Open: switch with a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name of the case, for logs.
        public let description: String

        private init(_ name: String) { description = name }

        /// No server answers, and nothing was sent: nothing has happened. Retry later.
        public static let unavailable = Code("unavailable")
        /// The connection ended after the request was sent, or no answer came in time: it may have been carried out,
        /// may still be, or may not. Look before repeating it, unless repeating it does no harm.
        public static let unknownOutcome = Code("unknownOutcome")
        /// The caller's task was cancelled; `mayHaveRun` says whether the request had been sent.
        public static let cancelled = Code("cancelled")
        /// The client was closed.
        public static let closed = Code("closed")
        /// More waits to be sent than the client keeps. Nothing was sent.
        public static let overloaded = Code("overloaded")
        /// A request is larger than the client sends, or a reply larger than it takes.
        public static let tooLarge = Code("tooLarge")
        /// The other side does not speak the protocol.
        public static let protocolViolation = Code("protocolViolation")
        /// The address does not parse.
        public static let badAddress = Code("badAddress")
        /// No encrypted connection: certificate, name or settings do not fit.
        public static let tls = Code("tls")
        /// The server may not be the one that is meant, or others could read the password: nothing was sent.
        public static let notTrusted = Code("notTrusted")
        /// The server wants a password and got none.
        public static let noPassword = Code("noPassword")
        /// The server does not take the user or the password.
        public static let wrongPassword = Code("wrongPassword")
        /// The user may not run the command or touch the key.
        public static let notPermitted = Code("notPermitted")
        /// The server reads its data from disk and answers afterwards. Retry.
        public static let loading = Code("loading")
        /// The server is a replica that takes no writes.
        public static let readOnlyReplica = Code("readOnlyReplica")
        /// The server is a replica that has lost its master, and is set to answer nothing then. Retry.
        public static let masterDown = Code("masterDown")
        /// `maxmemory` is reached, and the write would need more.
        public static let outOfMemory = Code("outOfMemory")
        /// The server cannot save to disk, and refuses writes for that reason.
        public static let cannotPersist = Code("cannotPersist")
        /// The server does not know the script's digest. `RedisClient.run` deals with it.
        public static let noScript = Code("noScript")
        /// A script runs for longer than the server's limit and keeps everybody waiting. Retry.
        public static let busyScript = Code("busyScript")
        /// The key holds another kind of value.
        public static let wrongType = Code("wrongType")
        /// EXEC was refused, because a command before it was not accepted.
        public static let transactionRefused = Code("transactionRefused")
        /// The server is older than what is needed.
        public static let tooOld = Code("tooOld")
        /// Any other error reply.
        public static let other = Code("other")
    }

    /// What kind of failure it is.
    public var code: Code
    /// One or two sentences for people, with what to do; never with a password.
    public var message: String
    /// The server's own words, where it answered.
    public var reply: String?
    /// Whether the request may have been carried out in spite of the error.
    public var mayHaveRun: Bool

    /// The message.
    public var description: String { message }

    /// A failure of kind `code`.
    public init(_ code: Code, _ message: String, reply: String? = nil, mayHaveRun: Bool? = nil) {
        self.code = code
        self.message = message
        self.reply = reply
        self.mayHaveRun = mayHaveRun ?? (code == .unknownOutcome)
    }

    /// Whether the same request may succeed later without anybody doing anything.
    public var isPassing: Bool {
        [.unavailable, .unknownOutcome, .loading, .masterDown, .busyScript, .overloaded].contains(code)
    }
}

extension RedisError {
    /// The meaning of an error reply.
    init(reply text: String) {
        let word = String(text.prefix { $0 != " " })
        let known: (Code, String)? =
            switch word {
            case "NOAUTH":
                (.noPassword, "the server wants a password; set TINYTOWN_REDIS_PASSWORD or put it into the address")
            case "WRONGPASS": (.wrongPassword, "the server does not take this user name and password")
            case "NOPERM": (.notPermitted, "this user of the server lacks a permission")
            case "LOADING": (.loading, "the server is reading its data from disk; try again in a moment")
            case "READONLY": (.readOnlyReplica, "the server is a read-only replica; use the address of its master")
            case "MASTERDOWN": (.masterDown, "the server is a replica without its master; try again in a moment")
            case "OOM": (.outOfMemory, "the server's maxmemory is reached; raise it, or remove data")
            case "MISCONF": (.cannotPersist, "the server cannot save to disk and refuses writes; look at its log")
            case "NOSCRIPT": (.noScript, "the server does not know this script")
            case "BUSY": (.busyScript, "the server is busy with a script that runs for too long; try again in a moment")
            case "WRONGTYPE": (.wrongType, "the key holds another kind of value")
            case "EXECABORT": (.transactionRefused, "the transaction was refused")
            case "ERR" where text.contains("invalid password"):
                (.wrongPassword, "the server does not take this password")
            case "ERR" where text.contains("without any password configured"):
                (.wrongPassword, "a password is configured here, but the server has none")
            // A script's error is passed on inside its own: "ERR OOM command not allowed … script: …".
            case "ERR" where text.hasPrefix("ERR OOM "):
                (.outOfMemory, "the server's maxmemory is reached; raise it, or remove data")
            case "ERR" where text.contains("max number of clients"):
                (.unavailable, "the server has as many clients as it takes; raise its maxclients")
            case "ERR" where text.contains("Protocol error"): (.protocolViolation, "the server did not understand")
            default: nil
            }
        guard let (code, sentence) = known else {
            self.init(.other, "the server answered: \(text)", reply: text)
            return
        }
        self.init(code, "\(sentence) (\(text))", reply: text)
    }
}

extension RedisError {
    static func wasCancelled(mayHaveRun: Bool) -> RedisError {
        RedisError(.cancelled, "the request was cancelled", mayHaveRun: mayHaveRun)
    }
}
