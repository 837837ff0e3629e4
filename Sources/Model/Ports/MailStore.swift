/// Inboxes and dead letters.
public protocol MailStore: Sendable {
    /// Puts messages into their inboxes, in order; all of them or none.
    ///
    /// A message whose id or idempotency key is known already is not added again. One that is sent for an agent which
    /// takes a turn right now inherits the turn's hop count plus one, its root and its path. One with more hops than
    /// `limits` allow, or whose chain goes round in circles, becomes a dead letter; its sender is told in a way that wakes
    /// nobody, and the person in charge once for a root. The same is true of what the town itself sends: assignments and
    /// the news that a task has ended. Where an assignment is held back, its task fails. Recipients must exist, or be the supervisor.
    /// - Throws: `agentNotFound`, `inboxFull`.
    func send(_ messages: [Message], limits: SendLimits) async throws(StoreError) -> [Receipt]

    /// What waits for `agent` or is being worked on, in the order in which it will be read.
    func inbox(_ agent: AgentID, page: Page) async throws(StoreError) -> [Delivery]

    /// Takes the first waiting messages out of an inbox that no harness reads (the supervisor's) and marks them done.
    func take(_ agent: AgentID, limit: Int, now: Timestamp) async throws(StoreError) -> [Delivery]

    /// Acknowledges a message in an inbox that no harness reads, after its reader has worked on it.
    /// - Returns: false where it does not wait there any more; then nothing is changed.
    func acknowledge(_ message: MessageID, of agent: AgentID, now: Timestamp) async throws(StoreError) -> Bool

    /// One message in whatever state, or nil.
    func delivery(_ id: MessageID) async throws(StoreError) -> Delivery?

    /// Dead letters, newest first.
    func deadLetters(page: Page) async throws(StoreError) -> [Delivery]

    /// Puts a dead letter back at the end of its inbox, or of another agent's, with its attempts forgotten. One that
    /// assigns a task which failed or was cancelled reopens that task, for the one who gets the letter. It begins
    /// a chain of its own.
    /// - Throws: `messageNotFound` where it is not among the dead letters; `agentNotFound` where the agent is gone;
    ///   `illegalMove` where its task is completed.
    func retryDead(_ id: MessageID, to agent: AgentID?, now: Timestamp) async throws(StoreError)

    /// Forgets a dead letter for good.
    /// - Throws: `messageNotFound`.
    func dropDead(_ id: MessageID, now: Timestamp) async throws(StoreError)

    /// How many messages are in which state.
    func queueCounts() async throws(StoreError) -> QueueCounts

    /// How many messages of which type wait for each agent that has any.
    func waitingCounts() async throws(StoreError) -> [AgentID: [String: Int]]
}
