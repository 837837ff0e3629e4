public import Model

/// Rows, as the verbs see them: a store in which one verb runs at a time and can be undone as a whole.
///
/// Only stores that run the verbs in this process have one; it is not part of the `Store` protocol. Every call is
/// synchronous and belongs to the verb that is under way. What counts things (`hasWork`, counts) costs the same
/// however many messages wait.
public protocol Records: AnyObject {
    // MARK: Messages

    /// The message in whatever state.
    func delivery(_ id: MessageID) throws(StoreError) -> Delivery?

    /// The message that has this idempotency key.
    func message(withKey key: String) throws(StoreError) -> MessageID?

    /// Adds a message at the end; its `sequence` is ignored.
    /// - Returns: the sequence number that it got.
    @discardableResult
    func insert(_ delivery: Delivery) throws(StoreError) -> Int64

    /// Writes state, attempts, deliveries, host deaths, last error and time of a message; the rest of it never changes.
    /// - Parameter old: the message as it was read.
    func update(_ delivery: Delivery, was old: Delivery) throws(StoreError)

    /// Forgets a message.
    func remove(_ delivery: Delivery) throws(StoreError)

    /// The first waiting messages of an agent, by lane, then by sequence. What does not decode becomes a dead letter.
    func firstWaiting(_ agent: AgentID, limit: Int, now: Timestamp) throws(StoreError) -> [Delivery]

    /// The messages of the agent's running turn, by lane, then by sequence.
    func leased(_ agent: AgentID) throws(StoreError) -> [Delivery]

    /// Whether something waits that starts a turn.
    func hasWork(_ agent: AgentID) throws(StoreError) -> Bool

    /// Waiting messages that assign `task`, in any inbox.
    func waitingAssignments(of task: TaskID) throws(StoreError) -> [Delivery]

    /// Leased messages first, then waiting ones, each by lane and sequence.
    func inbox(_ agent: AgentID, page: Page) throws(StoreError) -> [Delivery]

    /// Newest first.
    func deadLetters(page: Page) throws(StoreError) -> [Delivery]

    func queueCounts() throws(StoreError) -> QueueCounts

    func waitingCounts() throws(StoreError) -> [AgentID: [String: Int]]
    /// How many messages wait for one.
    func waitingCount(of agent: AgentID) throws(StoreError) -> Int

    // MARK: Leases

    func lease(of agent: AgentID) throws(StoreError) -> LeaseRow?
    func leases() throws(StoreError) -> [LeaseRow]
    /// Inserts or replaces.
    func put(_ lease: LeaseRow) throws(StoreError)
    func removeLease(of agent: AgentID) throws(StoreError)
    /// The agent's next epoch: greater than every one before.
    func nextEpoch(of agent: AgentID) throws(StoreError) -> Int64

    /// How much an agent has sent lately; nil if nothing was counted.
    func sendCount(of agent: AgentID) throws(StoreError) -> SendCount?
    /// Inserts or replaces.
    func put(_ count: SendCount, of agent: AgentID) throws(StoreError)

    // MARK: Agents

    func agent(_ id: AgentID) throws(StoreError) -> Agent?
    /// All of them, or those that have not ended, in the order of registration.
    func agents(onlyLive: Bool) throws(StoreError) -> [Agent]
    func insert(_ agent: Agent) throws(StoreError)
    func update(_ agent: Agent) throws(StoreError)
    /// Forgets an agent that holds no lease; messages to it stay.
    func remove(_ agent: AgentID) throws(StoreError)

    // MARK: Tasks

    func task(_ id: TaskID) throws(StoreError) -> AgentTask?
    func insert(_ task: AgentTask) throws(StoreError)
    /// - Parameter old: the task as it was read.
    func update(_ task: AgentTask, was old: AgentTask) throws(StoreError)
    /// Tasks that depend on `task` or whose parent it is, oldest first.
    func dependents(of task: TaskID) throws(StoreError) -> [AgentTask]
    /// Whether a task that the agent owns waits for others.
    func expectsWork(_ agent: AgentID) throws(StoreError) -> Bool
    /// Oldest first.
    func tasks(_ filter: TaskFilter, page: Page) throws(StoreError) -> [AgentTask]
    func taskCounts() throws(StoreError) -> TaskCounts

    // MARK: Hosts, events, settings

    func host(_ id: HostID) throws(StoreError) -> Host?
    func hosts() throws(StoreError) -> [Host]
    /// Inserts or replaces.
    func put(_ host: Host) throws(StoreError)
    func remove(_ host: HostID) throws(StoreError)

    /// Appends to the log; the event's `sequence` is ignored.
    func append(_ event: Event) throws(StoreError)
    func events(after: Int64, limit: Int, filter: EventFilter) throws(StoreError) -> [Event]
    func latestEvents(limit: Int, filter: EventFilter) throws(StoreError) -> [Event]

    /// The limit of live agents that the latest registration gave, because a restart must keep it as well.
    func maxAgents() throws(StoreError) -> Int?
    func setMaxAgents(_ count: Int) throws(StoreError)

    /// Removes everything but hosts and the newest event, so that the log's numbers never return.
    func removeEverything() throws(StoreError)

    // MARK: Documents

    /// Whatever kind of document has this key and name.
    func document(_ key: String, _ name: [UInt8]) throws(StoreError) -> Document?
    /// The kind of the documents that a key has; nil if it has none.
    func kind(of key: String) throws(StoreError) -> Place.Kind?
    /// Inserts or replaces.
    func put(_ document: Document) throws(StoreError)
    func remove(_ place: Place) throws(StoreError)
    /// The documents of one key after a name (nil: from the first), by name.
    func documents(_ key: String, after name: [UInt8]?, limit: Int) throws(StoreError) -> [Document]
    /// All documents after a place (nil: from the first), by key and name.
    func documents(after place: Place?, limit: Int) throws(StoreError) -> [Document]
    /// The documents of a feature that have a time, by time, key and name.
    func documents(dueOf feature: String, limit: Int) throws(StoreError) -> [Document]

    // MARK: The whole town

    /// Tasks after a position in the order of creation (0: from the first), each with its own.
    func tasks(after position: Int64, limit: Int) throws(StoreError) -> [(position: Int64, task: AgentTask)]
    /// Messages in whatever state after a sequence number, in its order. What does not decode is shown as dead.
    func messages(after sequence: Int64, limit: Int) throws(StoreError) -> [Delivery]
    /// Adds a message with its sequence number, which is greater than all that are there.
    func restore(_ delivery: Delivery) throws(StoreError)
    /// Appends an event with its sequence number, which is greater than all that are there.
    func restore(_ event: Event) throws(StoreError)

    /// Removes up to `limit` done messages that became so before `doneBefore`, and up to `limit` of the oldest events
    /// beyond the newest `events`. The newest message and event stay, so that sequence numbers never return.
    /// - Returns: whether there may be more to remove.
    func tidy(doneBefore: Timestamp, events: Int, limit: Int) throws(StoreError) -> Bool
}

extension TaskFilter {
    /// Whether a task fits all conditions.
    public func fits(_ task: AgentTask) -> Bool {
        (states?.contains(task.state) ?? true) && (assignee == nil || task.assignedTo == assignee)
            && (inBacklog ?? task.inBacklog) == task.inBacklog && (isWaiting ?? task.isWaiting) == task.isWaiting
            && (idPrefix.map { task.id.description.hasPrefix($0) } ?? true)
            && (needing.map { task.parent == $0 || task.dependsOn.contains($0) } ?? true)
    }
}

/// A lease with what its turn hands on to the messages that it sends.
public struct LeaseRow: Sendable, Equatable {
    public var record: LeaseRecord
    /// The most hops of the turn's messages.
    public var hops: Int
    /// The first conversation among the turn's messages.
    public var conversation: ConversationID?

    public init(record: LeaseRecord, hops: Int, conversation: ConversationID?) {
        self.record = record
        self.hops = hops
        self.conversation = conversation
    }
}
