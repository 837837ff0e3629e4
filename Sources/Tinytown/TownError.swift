import Configuration
import Files
import Model
import Operations

/// Why something was not done. Nothing was changed unless the code is `unknownOutcome`.
public struct TownError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Open: switch with a `default`, so that a new code breaks nobody.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ name: String) { description = name }

        /// The folder is no town.
        public static let notInitialized = Code("not_initialized")
        /// The folder is a town already; connect to it.
        public static let alreadyInitialized = Code("already_initialized")
        public static let agentNotFound = Code("agent_not_found")
        public static let taskNotFound = Code("task_not_found")
        /// A live agent has this name.
        public static let nameTaken = Code("name_taken")
        /// The town has as many live agents as it may have.
        public static let tooManyAgents = Code("too_many_agents")
        /// It contradicts what is there: an ended task, a reference that fits several agents, tasks that would wait for
        /// each other.
        public static let conflict = Code("conflict")
        /// The request itself makes no sense.
        public static let invalid = Code("invalid")
        /// The time that was given has passed; nothing was changed by that.
        public static let timedOut = Code("timed_out")
        /// The store, a host or a program cannot be had now; the same call may work later.
        public static let unavailable = Code("unavailable")
        /// The answer was lost: it was done wholly or not at all, and repeating it is safe.
        public static let unknownOutcome = Code("unknown_outcome")
        /// The task that waited was cancelled.
        public static let cancelled = Code("cancelled")
        /// The town was closed.
        public static let closed = Code("closed")
        /// A person has to decide first: see `tt trust`.
        public static let untrusted = Code("untrusted")
        /// This runs in an agent's turn, and the town does not know the turn, or it is over.
        public static let notYourTurn = Code("not_your_turn")
        /// This runs in an agent's turn, and only a person may do it.
        public static let needsPerson = Code("needs_person")
        /// A text is longer than the town permits.
        public static let tooLarge = Code("too_large")
        /// More was sent, or waits, than the town permits.
        public static let limit = Code("limit")
        public static let failed = Code("failed")
    }

    public let code: Code
    /// One sentence for people.
    public let message: String
    /// What to do next, where that is known.
    public let hint: String?

    init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message); \($0)" } ?? message }

    /// - Parameter missing: what it means that something was not found.
    init(_ error: any Error, missing: Code = .failed) {
        switch error {
        case let error as TownError: self = error
        case let error as StoreError: self.init(OperationError(error), missing: missing)
        case let error as OperationError:
            let hint = error.remedies.isEmpty ? nil : error.remedies.map(\.description).joined(separator: "; or ")
            self.init(Self.code(error.code, missing), error.message, hint: hint)
        case let error as ConfigurationError:
            let code: Code =
                switch error.code {
                case .notInitialized: .notInitialized
                case .alreadyInitialized: .alreadyInitialized
                case .invalid, .unknownKey: .invalid
                case .unreadable: .unavailable
                case .unsafe, .untrusted, .foreignState: .untrusted
                }
            self.init(code, error.message)
        case let error as FileError: self.init(.unavailable, error.description)
        case is CancellationError: self.init(.cancelled, "the task was cancelled")
        default: self.init(.failed, String(describing: error))
        }
    }

    private static func code(_ code: OperationError.Code, _ missing: Code) -> Code {
        let named: [OperationError.Code: Code] = [
            .agentNotFound: .agentNotFound, .taskNotFound: .taskNotFound, .nameTaken: .nameTaken,
            .tooManyAgents: .tooManyAgents, .unknownOutcome: .unknownOutcome, .closed: .closed,
        ]
        if let known = named[code] { return known }
        return switch code.kind {
        case .notFound: missing
        case .conflict: .conflict
        case .invalid: .invalid
        case .unauthenticated: .notYourTurn
        case .forbidden: .needsPerson
        case .tooLarge: .tooLarge
        case .tooMany: .limit
        case .unavailable: .unavailable
        case .timedOut: .timedOut
        case .failed: .failed
        }
    }
}

/// Runs `body` with every error in the words of `TownError`.
func reporting<Result>(
    missing: TownError.Code = .failed, _ body: () async throws -> Result
) async throws(TownError) -> Result {
    do { return try await body() } catch { throw TownError(error, missing: missing) }
}
