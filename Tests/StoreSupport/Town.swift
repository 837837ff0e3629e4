public import Model
public import TestSupport

/// A store with what tests do again and again. Its clock stands still unless it is moved.
public final class Town: Sendable {
    /// There is no such agent, or nothing waits for it.
    public struct Nothing: Error {}

    /// What it is kept in.
    public let store: any Store
    /// Gives ids.
    public let random = SeededRandomness(seed: 7)
    /// Takes turns where no other is named.
    public let host = HostID(high: 9, low: 9)
    /// Its time.
    public let start = Timestamp(microseconds: 1_700_000_000_000_000)

    /// A town in a store.
    public init(store: any Store) { self.store = store }

    /// A new id.
    public func id<Entity>() -> ID<Entity> { ID(random: random) }

    /// An agent that may take any number of turns.
    @discardableResult
    public func spawn(_ name: String, change: (inout Agent) -> Void = { _ in }) async throws -> AgentID {
        var agent = Agent(id: id(), name: name, cli: "echo", createdAt: start)
        agent.maxTurns = 0
        change(&agent)
        try await store.register(agent, maxAgents: 100)
        return agent.id
    }

    /// A message that is not sent yet.
    public func message(
        _ to: AgentID, _ text: String = "do it", from: AgentID = .supervisor, priority: Priority = .normal,
        body: MessageBody? = nil
    ) -> Message {
        Message(
            id: id(), from: from, to: to, body: body ?? .task(description: text), priority: priority, createdAt: start)
    }

    /// Sends one message.
    @discardableResult
    public func send(
        _ to: AgentID, _ text: String = "do it", from: AgentID = .supervisor, priority: Priority = .normal,
        body: MessageBody? = nil
    ) async throws -> MessageID {
        let message = message(to, text, from: from, priority: priority, body: body)
        return try await store.send([message], limits: SendLimits())[0].id
    }

    /// Leases what waits for an agent.
    public func lease(_ agent: AgentID, at now: Timestamp? = nil, host: HostID? = nil, max: Int = 100) async throws
        -> Lease?
    {
        try await store.lease(
            LeaseRequest(agent: agent, host: host ?? self.host, turn: id(), now: now ?? start, maxMessages: max))
    }

    /// The end of a turn that went well.
    public func finished(_ lease: Lease, at now: Timestamp? = nil) -> TurnCommit {
        TurnCommit(
            token: lease.token, outcome: .finished(reply: "done"), duration: .seconds(12), now: now ?? start)
    }

    /// The end of a turn that failed, with the verdict that is given here.
    public func failed(
        _ lease: Lease, _ kind: FailureClass = .crash, counts: Bool = true, retryAt: Timestamp? = nil,
        pause: String? = nil, drops: Bool = false, maxAttempts: Int = 5, saying why: String = "it broke",
        at now: Timestamp? = nil
    ) -> TurnCommit {
        let failure = Failure(kind, why)
        var verdict = FailurePolicy().verdict(on: failure, failures: 1, now: start, jitter: 0.5)
        (verdict.retryAt, verdict.pause, verdict.countsAttempt, verdict.dropsSession) = (retryAt, pause, counts, drops)
        return TurnCommit(
            token: lease.token, outcome: .failed(failure, verdict, maxAttempts: maxAttempts), duration: .seconds(1),
            now: now ?? start)
    }

    /// Takes a turn that succeeds.
    @discardableResult
    public func turn(_ agent: AgentID) async throws -> Agent {
        guard let lease = try await lease(agent) else { throw Nothing() }
        return try await store.commit(finished(lease))
    }

    /// What waits for an agent.
    public func texts(_ agent: AgentID) async throws -> [String] {
        try await store.inbox(agent, page: Page()).map(\.message.body.text)
    }

    /// A new task: in the backlog, or assigned.
    public func task(_ description: String = "build it", by: AgentID = .supervisor, for agent: AgentID? = nil)
        async throws -> TaskID
    {
        var task = AgentTask(id: id(), description: description, createdBy: by, createdAt: start)
        task.inBacklog = agent == nil
        let assignment = agent.map { Assignment(agent: $0, announcement: id()) }
        try await store.create(task, assignee: assignment)
        return task.id
    }

    /// Creates a task that needs others.
    public func dependent(
        _ description: String, on needs: [TaskID], parent: TaskID? = nil, by: AgentID = .supervisor,
        for agent: AgentID? = nil, priority: Priority = .normal
    ) async throws -> TaskID {
        var task = AgentTask(id: id(), description: description, createdBy: by, createdAt: start)
        (task.dependsOn, task.parent, task.inBacklog) = (needs, parent, agent == nil)
        let assignment = agent.map { Assignment(agent: $0, announcement: id(), priority: priority) }
        try await store.create(task, assignee: assignment)
        return task.id
    }

    /// Moves a task.
    @discardableResult
    public func move(_ task: TaskID, _ move: TaskMove, by: AgentID = .supervisor) async throws -> AgentTask {
        try await store.move(task, move, by: by, announcement: id(), now: start)
    }

    /// The log, whole or of these types.
    public func events(_ types: EventType...) async throws -> [Event] {
        try await store.events(after: 0, limit: 10_000, filter: EventFilter(types: types.isEmpty ? nil : Set(types)))
    }

    /// An agent that has to be there.
    public func agent(_ id: AgentID) async throws -> Agent {
        guard let agent = try await store.agent(id) else { throw Nothing() }
        return agent
    }

    /// Where a message is.
    public func state(_ id: MessageID) async throws -> Delivery.State? { try await store.delivery(id)?.state }

    /// Everything that can be read, for comparing before and after.
    public func dump() async throws -> String {
        var lines = [
            "\(try await store.agents())", "\(try await store.leases())", "\(try await store.hosts())",
            "\(try await store.tasks(TaskFilter(), page: Page()))", "\(try await store.queueCounts())",
            "\(try await store.deadLetters(page: Page()))", "\(try await events())",
            "\(try await store.taskCounts().backlog)",
        ]
        for agent in try await store.agents() {
            lines.append("\(try await store.inbox(agent.id, page: Page()))")
        }
        lines.append("\(try await store.inbox(.supervisor, page: Page()))")
        return lines.joined(separator: "\n")
    }
}

/// The code with which `body` fails, or nil.
public func code(_ body: () async throws -> Void) async -> StoreError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? StoreError)?.code
    }
}

/// The clock of a town in a test.
public struct StillTime: TimeSource {
    /// Nothing to set.
    public init() {}
    public func now() -> Timestamp { Timestamp(microseconds: 1_700_000_000_000_000) }
    public func sleep(for duration: Duration) async throws {}
}
