import Configuration
public import Model
import Secrets

/// A message that somebody is about to send.
public struct Draft: Sendable {
    public var to: AgentID
    public var body: MessageBody
    public var priority: Priority
    /// The message that this one answers.
    public var correlation: MessageID?
    /// Two messages with one key are one message.
    public var key: String?

    public init(
        _ body: MessageBody, to: AgentID, priority: Priority = .normal, correlation: MessageID? = nil,
        key: String? = nil
    ) {
        self.body = body
        self.to = to
        self.priority = priority
        self.correlation = correlation
        self.key = key
    }
}

extension OpenTown {
    /// Sends messages of one sender: all of them or none. Every message that comes in through a door goes this way.
    /// - Parameter isPlayed: the sender is an agent that the calling program plays, so no turn could prove it.
    /// - Returns: a receipt for each draft, in their order.
    /// - Throws: `invalid` for a bad key, `tooLarge`, `forbidden` where the caller may not speak as `sender`, and what
    ///   the store throws.
    public func post(
        _ drafts: [Draft], from sender: AgentID, isPlayed: Bool = false
    ) async throws -> [Receipt] {
        try check(.speak(as: sender))
        let messages = try drafts.map { draft in
            try checkMessage(draft.body.text)
            if let problem = draft.key.flatMap({ TextRules.problem(withKey: $0) }) {
                throw OperationError(.invalid, problem)
            }
            // In a turn these are the words of an agent, which may hold what its environment holds.
            let body = speaksForAgent ? draft.body.redacted(by: redactor) : draft.body
            var message = Message(
                id: newID(), from: sender, to: draft.to, body: body, priority: draft.priority, createdAt: time.now())
            message.correlation = draft.correlation
            message.idempotencyKey = draft.key
            message.verified = isPlayed ? nil : isVerified(sender)
            return message
        }
        return try await store.send(messages, limits: configuration.sendLimits)
    }
}
