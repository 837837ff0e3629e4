/// Tasks and the backlog.
public protocol TaskStore: Sendable {
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
}

extension TaskStore {
    /// Creates one task; see `create(_:)`.
    public func create(_ task: AgentTask, assignee: Assignment?) async throws(StoreError) {
        try await create([NewTask(task, assignee: assignee)])
    }
}
