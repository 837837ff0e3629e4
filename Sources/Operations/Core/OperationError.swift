public import Model

/// Why an operation did nothing. Doors derive exit codes and HTTP statuses from `code.kind`; nobody parses texts.
public struct OperationError: Error, Sendable, Equatable {
    public var code: Code
    /// One sentence without a full stop: what is wrong.
    public var message: String
    /// The field of the input that is at fault, where it is one.
    public var field: String?
    /// What to do next, best first.
    public var remedies: [Remedy]

    /// - Parameter hint: a remedy in words.
    public init(
        _ code: Code, _ message: String, field: String? = nil, hint: String? = nil, _ remedies: Remedy...
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.remedies = (hint.map { [.text($0)] } ?? []) + remedies
    }
}

extension OperationError: CustomStringConvertible {
    public var description: String {
        remedies.isEmpty ? message : "\(message); \(remedies.map(\.description).joined(separator: "; or "))"
    }
}

extension OperationError {
    /// What is wrong, by name. Open: new ones may come, and callers that do not know one go by its kind.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let name: String
        public let kind: Kind

        public init(_ name: String, _ kind: Kind) {
            self.name = name
            self.kind = kind
        }

        public var description: String { name }
    }

    /// The kinds of errors. Exit codes and HTTP statuses come from this alone.
    public enum Kind: String, Sendable, CaseIterable {
        case notFound = "not_found"
        /// It contradicts what is there: a name that is taken, a reference that fits several, a move that is not legal.
        case conflict
        /// The request itself makes no sense.
        case invalid
        /// Nobody knows who calls.
        case unauthenticated
        /// It is known who calls, and somebody else would have to.
        case forbidden
        /// A text is longer than the town permits.
        case tooLarge = "too_large"
        /// More was sent, or waits, than the town permits.
        case tooMany = "too_many"
        /// The store or a service cannot be used now; the same request may work later.
        case unavailable
        /// The time that the caller gave has passed; nothing was changed by that.
        case timedOut = "timed_out"
        case failed
    }
}

extension OperationError.Code {
    // What is missing.
    public static let notFound = Self("not_found", .notFound)
    public static let agentNotFound = Self("agent_not_found", .notFound)
    public static let taskNotFound = Self("task_not_found", .notFound)
    public static let messageNotFound = Self("message_not_found", .notFound)
    public static let planNotFound = Self("plan_not_found", .notFound)
    public static let fileNotFound = Self("file_not_found", .notFound)

    // What is there and does not fit.
    public static let conflict = Self("conflict", .conflict)
    public static let nameTaken = Self("name_taken", .conflict)
    public static let tooManyAgents = Self("too_many_agents", .conflict)
    public static let ambiguousReference = Self("ambiguous_reference", .conflict)
    public static let illegalMove = Self("illegal_move", .conflict)
    public static let dependencyCycle = Self("dependency_cycle", .conflict)
    public static let notEmpty = Self("not_empty", .conflict)
    public static let inUse = Self("in_use", .conflict)

    public static let invalid = Self("invalid", .invalid)

    /// Nobody knows who calls.
    public static let unauthorized = Self("unauthorized", .unauthenticated)
    /// It was called in a turn without the secret of a turn that still runs.
    public static let notYourTurn = Self("not_your_turn", .unauthenticated)
    /// An agent called it, and only a person may.
    public static let needsPerson = Self("needs_person", .forbidden)
    public static let tooLarge = Self("too_large", .tooLarge)
    public static let limit = Self("limit", .tooMany)

    public static let unavailable = Self("unavailable", .unavailable)
    /// The answer was lost: it was done wholly or not at all, and repeating it is safe.
    public static let unknownOutcome = Self("unknown_outcome", .unavailable)
    public static let closed = Self("closed", .unavailable)
    public static let timedOut = Self("timed_out", .timedOut)
    public static let failed = Self("failed", .failed)
}

extension OperationError {
    /// The one table from the store's codes to the doors' codes.
    public init(_ error: StoreError) {
        let (code, remedy): (Code, Remedy?) =
            switch error.code {
            case .agentNotFound: (.agentNotFound, .operation("agent.list", why: "see all agents"))
            case .taskNotFound: (.taskNotFound, .operation("task.list", why: "see all tasks"))
            case .messageNotFound: (.messageNotFound, nil)
            case .nameTaken:
                (
                    .nameTaken,
                    .operation(
                        "agent.kill", ["agent": "NAME"], why: "choose another name, or stop the agent that has it")
                )
            case .tooManyAgents:
                (
                    .tooManyAgents,
                    .operation(
                        "agent.kill", ["agent": "NAME"], why: "raise max_agents in tinytown.toml, or stop an agent")
                )
            case .notEmpty: (.notEmpty, .field("force", why: "to replace it, add"))
            case .leaseLost: (.notYourTurn, nil)
            case .inboxFull:
                (.limit, .text("wait until some are read, or raise the limit in tinytown.toml"))
            case .tooManySends:
                (.limit, .text("end the turn, or ask a person to raise the limit in tinytown.toml"))
            case .illegalMove: (.illegalMove, nil)
            case .dependencyCycle: (.dependencyCycle, nil)
            case .inUse: (.inUse, nil)
            case .busy: (.unavailable, .text("another process holds the store; try again"))
            case .full: (.unavailable, .text("free some space and try again; nothing was lost"))
            case .readOnly:
                (.unavailable, .text("check who owns the .tt folder and whether its disk can be written"))
            case .newerVersion: (.unavailable, .text("install a newer version of this program"))
            case .corrupt: (.unavailable, .text("the file was not changed; put back a backup from the .tt folder"))
            case .unavailable: (.unavailable, nil)
            case .closed: (.closed, nil)
            case .unknownOutcome: (.unknownOutcome, .text("it may have happened; repeating it is safe"))
            default: (.failed, nil)
            }
        self.init(code, error.message)
        // If the store says itself what to do, that is enough.
        if let remedy, !error.message.contains("; ") { remedies = [remedy] }
    }
}
