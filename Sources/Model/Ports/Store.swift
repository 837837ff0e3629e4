/// Where a town's state lives, as atomic verbs: each happens wholly or not at all, and what a returned verb wrote
/// survives the death of every process.
///
/// Where `ActingTurn.current` is set, each verb that writes first makes sure, in the same step, that this turn still holds
/// its lease, and counts what it sends against the turn's limits; it throws `leaseLost` or `tooManySends` otherwise.
///
/// All verbs are safe to call from any number of processes at once. Time is a parameter, never read inside.
/// The promises behind them are in docs/architecture.md; `ConformanceTests` holds every implementation to them.
public protocol Store: DocumentStore {
    // MARK: Messages

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

    // MARK: Turns

    /// Leases what waits for an agent: urgent first, then by arrival.
    ///
    /// Nil where the agent may not take a turn now: it is leased, paused, ended, backing off, out of rounds, pinned to
    /// another host, or nothing that waits would wake it. A message that failed twice is leased alone, so that it
    /// cannot drag others down with it, and nothing overtakes it: a turn ends before the first such message. Every task
    /// that a leased message assigns to the agent is started. A message that only points to a task which has ended or has
    /// another owner is done without a turn. A lease never takes over another: see `release`.
    /// - Throws: `agentNotFound`.
    func lease(_ request: LeaseRequest) async throws(StoreError) -> Lease?

    /// Keeps a lease for longer.
    /// - Throws: `leaseLost`.
    func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) async throws(StoreError)

    /// Remembers the harness's session of a running turn, so that a turn that is killed can be continued.
    /// - Throws: `leaseLost`.
    func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) async throws(StoreError)

    /// Ends a turn with all its effects. Repeating a commit that was carried out fails with `leaseLost`.
    ///
    /// Success: messages are done, counters move, and each task that a message of the turn assigned and that is still
    /// open is asked for again, at most twice, and then failed (W5). Failure: messages go back to where they were, or
    /// to the dead letters when their attempts are used up; the tasks of dead assignments fail. A message of the turn
    /// that nobody can receive becomes a dead letter and does not undo the turn; a full inbox takes it in. What only
    /// points to a task that has ended by then is done, however the turn ended.
    /// - Throws: `leaseLost`.
    func commit(_ turn: TurnCommit) async throws(StoreError) -> CommitSummary

    /// Puts the messages of a turn back to where they were, without counting an attempt.
    ///
    /// For the lease's own host, and for others after they made sure that no process of the turn is left. After
    /// `maxDeliveries` turns without an end a message becomes a dead letter, and after `maxHostDeaths` turns whose host
    /// died (`ReleaseCause.hostDied`).
    /// - Throws: `leaseLost`.
    func release(_ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp) async throws(StoreError)

    /// All present leases.
    func leases() async throws(StoreError) -> [LeaseRecord]

    // MARK: Agents

    /// Registers an agent; one that is registered already stays as it is. A restart keeps to the latest `maxAgents`.
    /// - Throws: `nameTaken`, `tooManyAgents`, `agentNotFound` for an unknown parent.
    func register(_ agent: Agent, maxAgents: Int) async throws(StoreError)

    /// Changes an agent.
    /// - Throws: `agentNotFound`, `illegalMove`, `tooManyAgents` (restart).
    /// - Returns: the agent after the change.
    @discardableResult
    func change(_ agent: AgentID, _ change: AgentChange, now: Timestamp) async throws(StoreError) -> Agent

    /// Takes an agent that has ended off the town's list (W7).
    ///
    /// Its open tasks go back to the backlog. What waits in its inbox becomes dead letters, and agents that asked for
    /// something are told; only pointers to tasks that need none any more are done silently. A store that does this in
    /// several steps lets nobody bring the agent back or give it a task from the first one on; where it was interrupted,
    /// the next removal carries it on and returns all of it.
    /// - Throws: `agentNotFound`; `illegalMove` while it is live or takes a turn.
    func remove(_ agent: AgentID, now: Timestamp) async throws(StoreError) -> Removal

    /// Moves all the work of an agent that has ended, or that nobody knows any more (W16). A store may do this in several
    /// steps, each of which leaves a town that is whole; an agent that is restarted between two keeps the rest.
    ///
    /// To the backlog go its open tasks, and a task for each message that describes one; other messages stay where they
    /// are. To another agent goes all of that and every other message but a request to stop, in their order, with
    /// attempts forgotten.
    /// - Throws: `illegalMove` while the agent is live or takes a turn; `agentNotFound` for an unknown destination.
    func reclaim(from agent: AgentID, to destination: Destination, now: Timestamp) async throws(StoreError) -> Reclaimed

    /// Forgets agents, tasks, messages and events; only hosts stay known, and the log begins with this.
    /// - Throws: `illegalMove` while a turn runs: end it first (W9).
    func reset(now: Timestamp) async throws(StoreError)

    /// All agents, in the order in which they were registered.
    func agents() async throws(StoreError) -> [Agent]

    func agent(_ id: AgentID) async throws(StoreError) -> Agent?

    /// What a host needs to decide who takes a turn next: each live agent, whether something waits that would wake it,
    /// and its lease. Costs grow with live agents, not with messages.
    func pulse() async throws(StoreError) -> [AgentPulse]

    // MARK: Tasks

    /// Creates tasks, in order; all of them or none. One whose id is known already stays as it is.
    ///
    /// A task with an assignee is assigned and announced in the agent's inbox in the same step; one that has
    /// `inBacklog` set waits in the backlog; one that has ended already is recorded so. Where its parent, unless that
    /// only groups, or one of `dependsOn` is not completed, the task waits: it is pending, keeps its assignee, and is
    /// announced, or put into the backlog, by the verb that completes the last of what it needs. What it needs may be
    /// created in the same call.
    /// - Throws: `agentNotFound`; `taskNotFound` for something that it needs; `dependencyCycle`.
    func create(_ tasks: [NewTask]) async throws(StoreError)

    /// Moves a task. An assignment is announced in the agent's inbox; an end is told to the one who gave the task, unless
    /// that is `by` or the supervisor, who reads the log.
    ///
    /// Completing a task releases those that waited for nothing else. Where it fails or is cancelled they go on waiting,
    /// because a fix may take its place, and those who gave them are asked what to do, the supervisor too.
    /// The last part of a group to end ends the group. A failure is told to the person in charge, once, unless they or
    /// their conductor caused or will hear of it. A retry begins a failed or cancelled task anew, with its owner if that
    /// is still there, else in the backlog.
    /// - Parameter by: who asks for it. Only the supervisor and the one who gave a task may release it.
    /// - Throws: `taskNotFound`, `agentNotFound`, `illegalMove` for an ended task, a claim of one that has an owner, or
    ///   the start or completion of one that waits; `dependencyCycle`.
    /// - Returns: the task after the move.
    @discardableResult
    func move(_ task: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        async throws(StoreError) -> AgentTask

    /// Offers a task of the backlog to an idle agent, by a message in its inbox (W20).
    ///
    /// Once for each task and agent, as long as done messages are kept, and to one agent at a time. An offer that still
    /// waits is withdrawn when the task leaves the backlog.
    /// - Throws: `agentNotFound`.
    func offer(_ task: TaskID, to agent: AgentID, now: Timestamp) async throws(StoreError) -> OfferResult

    /// Changes what tasks say; all of them or none. A task waits, or goes on, as it says afterwards.
    /// - Throws: `taskNotFound` for a task or something that it needs; `illegalMove` for a task that was started, or for
    ///   a group with an owner; `dependencyCycle`.
    func revise(_ revisions: [TaskRevision], now: Timestamp) async throws(StoreError)

    func task(_ id: TaskID) async throws(StoreError) -> AgentTask?

    /// Tasks that fit, in the order in which they were created, whatever the clock said.
    func tasks(_ filter: TaskFilter, page: Page) async throws(StoreError) -> [AgentTask]

    /// How many tasks are in which state, and how many of the pending ones wait in the backlog.
    func taskCounts() async throws(StoreError) -> TaskCounts

    // MARK: Hosts

    /// Makes a host known, or renews it. Those who follow hear of a new one, and of one that can run more or less than
    /// before.
    func announce(_ host: Host, now: Timestamp) async throws(StoreError)

    /// Removes a host that stops or is dead. Agents pinned to it are free. Does nothing for an unknown host.
    /// - Throws: `illegalMove` while it holds a lease.
    /// - Parameter died: true where another process noticed its death.
    func retire(_ host: HostID, died: Bool, now: Timestamp) async throws(StoreError)

    func hosts() async throws(StoreError) -> [Host]

    // MARK: Events

    /// Appends facts that no other verb writes by itself.
    func append(_ events: [Event]) async throws(StoreError)

    /// Events after a sequence number (0: from the oldest kept), oldest first.
    func events(after: Int64, limit: Int, filter: EventFilter) async throws(StoreError) -> [Event]

    /// The newest events that fit, oldest first.
    func latestEvents(limit: Int, filter: EventFilter) async throws(StoreError) -> [Event]

    // MARK: The whole town

    /// Everything that the town keeps, as it is now; whatever happens while it is read does not show in it.
    func export() async throws(StoreError) -> any TownReading

    /// Puts a town in place of everything that is here, leases and hosts included; wholly or not at all.
    ///
    /// Records are kept as they are, with their sequence numbers; both kinds of numbers must ascend. Memory does not
    /// grow with the town. Other writers may fail with `busy` meanwhile.
    /// - Parameter next: the next records in the order of `TownReading.next`; nil after the last. What it throws is
    ///   thrown, and nothing has changed then.
    /// - Throws: `notEmpty` and `inUse` where `terms` do not permit it, `corrupt` for records that contradict each
    ///   other.
    func replaceAll(_ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?)
        async throws

    // MARK: Life

    /// Yields whenever something may have changed, in this or another process; at least once after each change that
    /// follows the call. Bursts collapse. It never polls. Renewals of leases and hosts, and sessions that are noted, are
    /// not announced, so that idle hosts sleep. Ends when the store is closed.
    func changes() async throws(StoreError) -> AsyncStream<Void>

    /// Removes what is past its retention: done messages, old events. Cheap where there is nothing to do. Until then a
    /// done message is kept whole.
    func tidy(_ retention: Retention, now: Timestamp) async throws(StoreError)

    /// Finishes what is under way and lets go of every resource. Later verbs fail with `closed`.
    func close() async

    /// The clock that all who share the store go by; nil where that is the machine's own.
    var clock: (any TimeSource)? { get }
}

extension Store {
    public var clock: (any TimeSource)? { nil }

    /// Puts the messages of a turn back; see `release(_:cause:maxHostDeaths:now:)`.
    public func release(_ token: LeaseToken, cause: ReleaseCause, now: Timestamp) async throws(StoreError) {
        try await release(token, cause: cause, maxHostDeaths: HostDeaths.standard, now: now)
    }

    /// Puts a dead letter back at the end of its inbox; see `retryDead(_:to:now:)`.
    public func retryDead(_ id: MessageID, now: Timestamp) async throws(StoreError) {
        try await retryDead(id, to: nil, now: now)
    }

    /// Creates one task; see `create(_:)`.
    public func create(_ task: AgentTask, assignee: Assignment?) async throws(StoreError) {
        try await create([NewTask(task, assignee: assignee)])
    }
}
