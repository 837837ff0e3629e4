/// A message with its place in the store.
public struct Delivery: Sendable, Equatable, Codable {
    public var message: Message
    /// Position in the order of arrival; grows with each message sent to the town.
    public var sequence: Int64
    public var state: State
    /// Turns that failed on it. At `max_attempts` it becomes a dead letter.
    public var attempts: Int
    /// Turns that began with it, whatever became of them.
    public var deliveries: Int
    /// Turns with it during which their host died.
    public var hostDeaths: Int
    /// Why its last turn failed, or why it is dead.
    public var lastError: String?
    /// When it reached its present state.
    public var changedAt: Timestamp

    /// Queued, leased, done or dead: always exactly one of them.
    public enum State: String, Sendable, Codable, CaseIterable { case queued, leased, done, dead }

    public init(message: Message, sequence: Int64, state: State = .queued, changedAt: Timestamp) {
        self.message = message
        self.sequence = sequence
        self.state = state
        self.changedAt = changedAt
        attempts = 0
        deliveries = 0
        hostDeaths = 0
    }
}

/// What became of a sent message.
public struct Receipt: Sendable, Equatable, Codable {
    /// The id under which the town knows it: an earlier one where its id or idempotency key was known already.
    public var id: MessageID
    /// True where it had been sent before and nothing was added.
    public var isDuplicate: Bool
    /// Set where it was refused into the dead letters (hop limit), with the reason.
    public var refusal: String?

    public init(id: MessageID, isDuplicate: Bool = false, refusal: String? = nil) {
        self.id = id
        self.isDuplicate = isDuplicate
        self.refusal = refusal
    }
}
