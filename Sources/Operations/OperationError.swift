public import Model

/// Why an operation did nothing. Doors map `code` to exit codes and HTTP statuses; nobody parses texts.
public struct OperationError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable, CaseIterable {
        case notFound = "not_found"
        /// It contradicts what is there: a name that is taken, a reference that fits several, a move that is not legal.
        case conflict
        /// The request itself makes no sense.
        case invalid
        /// The store or a service cannot be used now; the same request may work later.
        case unavailable
        /// The time that the caller gave has passed; nothing was changed by that.
        case timedOut = "timed_out"
        /// It was called in a turn without the secret of a turn that still runs.
        case notYourTurn = "not_your_turn"
        /// An agent called it, and only a person may.
        case needsPerson = "needs_person"
        /// A text is longer than the town permits.
        case tooLarge = "too_large"
        /// More was sent, or waits, than the town permits.
        case limit
        case failed
    }

    public var code: Code
    /// One sentence without a full stop: what is wrong.
    public var message: String
    /// What to do next, as a clause or a command line.
    public var hint: String?

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// The one table from the store's codes to the doors' codes.
    public init(_ error: StoreError) {
        let (code, hint): (Code, String?) =
            switch error.code {
            case .agentNotFound: (.notFound, "see all agents: tt list")
            case .taskNotFound: (.notFound, "see all tasks: tt task list")
            case .messageNotFound: (.notFound, nil)
            case .nameTaken: (.conflict, "choose another name, or stop the agent that has it: tt kill NAME")
            case .tooManyAgents: (.conflict, "stop an agent with tt kill, or raise max_agents in tinytown.toml")
            case .notEmpty: (.conflict, "to replace it, add --force")
            case .leaseLost: (.notYourTurn, nil)
            case .inboxFull:
                (.limit, "wait until some are read, or raise the limit in tinytown.toml")
            case .tooManySends: (.limit, "end the turn, or ask a person to raise the limit in tinytown.toml")
            case .illegalMove, .dependencyCycle, .inUse: (.conflict, nil)
            case .busy: (.unavailable, "another process holds the store; try again")
            case .full: (.unavailable, "free some space and try again; nothing was lost")
            case .readOnly: (.unavailable, "check who owns the .tt folder and whether its disk can be written")
            case .newerVersion: (.unavailable, "update tt")
            case .corrupt: (.unavailable, "the file was not changed; put back a backup from the .tt folder")
            case .unavailable, .closed: (.unavailable, nil)
            case .unknownOutcome: (.unavailable, "it may have happened; repeating it is safe")
            default: (.failed, nil)
            }
        // Where the store says itself what to do, that is enough.
        self.init(code, error.message, hint: error.message.contains("; ") ? nil : hint)
    }

    public var description: String { hint.map { "\(message); \($0)" } ?? message }
}
