/// Why a store verb did nothing. Nothing was changed unless the code is `unknownOutcome`.
public struct StoreError: Error, Sendable, CustomStringConvertible {
    /// Open: switch with a `default`, so that a new code breaks nobody.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        private init(_ name: String) { description = name }

        /// The lease is not the agent's present one any more. Whatever the caller did for it is void.
        public static let leaseLost = Code("lease_lost")
        public static let agentNotFound = Code("agent_not_found")
        public static let taskNotFound = Code("task_not_found")
        public static let messageNotFound = Code("message_not_found")
        /// A live agent has this name already.
        public static let nameTaken = Code("name_taken")
        /// The town has as many live agents as it may have.
        public static let tooManyAgents = Code("too_many_agents")
        /// Something is kept here already, and may not be replaced.
        public static let notEmpty = Code("not_empty")
        /// A host works in the town.
        public static let inUse = Code("in_use")
        /// The state machine refuses the move.
        public static let illegalMove = Code("illegal_move")
        /// More messages wait for the recipient than its inbox may hold.
        public static let inboxFull = Code("inbox_full")
        /// The turn, or its agent within this minute, has sent as much as it may.
        public static let tooManySends = Code("too_many_sends")
        /// Tasks would wait for each other.
        public static let dependencyCycle = Code("dependency_cycle")
        /// A document is not as the caller expected: read it again.
        public static let conflict = Code("conflict")
        /// The call itself makes no sense.
        public static let invalid = Code("invalid")
        /// Another writer held the store too long: retry.
        public static let busy = Code("busy")
        /// The disk is full: nothing was written.
        public static let full = Code("full")
        public static let readOnly = Code("read_only")
        /// The store was written by a newer program.
        public static let newerVersion = Code("newer_version")
        /// The file is not a store, or is damaged.
        public static let corrupt = Code("corrupt")
        /// The store cannot be reached or opened.
        public static let unavailable = Code("unavailable")
        /// The answer was lost: the verb was carried out wholly or not at all. Verbs are safe to repeat.
        public static let unknownOutcome = Code("unknown_outcome")
        public static let closed = Code("closed")
    }

    public var code: Code
    /// One sentence for people, with what to do next where that is known.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
