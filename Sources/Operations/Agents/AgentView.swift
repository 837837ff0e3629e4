public import Model
import Secrets

/// An agent as every door shows it: Tinytown's fields, then ours.
public struct AgentView: Codable, Sendable, Equatable {
    public var id: AgentID
    public var name: String
    @OrNull public var nickname: String?
    @OrNull public var roleID: String?
    @OrNull public var parentAgentID: AgentID?
    public var spawnMode: String
    public var agentType: Agent.Kind
    public var state: AgentState
    public var cli: String
    @OrNull public var currentTask: TaskID?
    public var createdAt: Timestamp
    public var lastHeartbeat: Timestamp
    public var tasksCompleted: Int
    public var turnsCompleted: Int
    public var lastActiveAt: Timestamp
    /// `api (backend)`: see `Agent.label`.
    public var label: String
    public var shortID: String
    public var maxTurns: Int
    /// What a person has to know or do.
    @OrNull public var attention: String?
    /// Why it reads no mail, as a clause after its name; null for one that does.
    @OrNull public var standstill: String?
    /// The command that lets it go on, where it reads no mail.
    @OrNull public var continueWith: String?
    @OrNull public var retryAt: Timestamp?
    public var consecutiveFailures: Int
    @OrNull public var stopRequest: StopRequest?
    @OrNull public var sessionID: String?
    /// Messages that wait, and how many of each category.
    public var pending: PendingView
    /// The turn it takes right now.
    @OrNull public var lease: LeaseView?
    /// The turn that ended because its host died: the next host puts its messages back.
    @OrNull public var interruptedTurn: LeaseView?
    /// The first line of its current task.
    @OrNull public var taskTitle: String?
    /// While it waits for its next try: why the last turn failed.
    @OrNull public var waitsBecause: String?

    enum CodingKeys: String, CodingKey {
        case id, name, nickname, state, cli, label, attention, standstill, pending, lease
        case continueWith = "continue_with"
        case taskTitle = "task_title"
        case waitsBecause = "waits_because"
        case roleID = "role_id"
        case parentAgentID = "parent_agent_id"
        case spawnMode = "spawn_mode"
        case agentType = "agent_type"
        case currentTask = "current_task"
        case createdAt = "created_at"
        case lastHeartbeat = "last_heartbeat"
        case tasksCompleted = "tasks_completed"
        case turnsCompleted = "rounds_completed"
        case lastActiveAt = "last_active_at"
        case shortID = "short_id"
        case maxTurns = "max_rounds"
        case retryAt = "retry_at"
        case consecutiveFailures = "consecutive_failures"
        case stopRequest = "stop_request"
        case sessionID = "session_id"
        case interruptedTurn = "interrupted_turn"
    }

    public init(_ agent: Agent, pending: PendingView = PendingView([:]), lease: LeaseView? = nil) {
        id = agent.id
        name = agent.name
        nickname = agent.nickname
        roleID = agent.role
        parentAgentID = agent.parent
        spawnMode = agent.session == nil ? "fresh" : "resumed"
        agentType = agent.kind
        state = agent.state
        // People who look at the town must not see a key on a command line.
        cli = Redactor.forms.redacted(commandLine: agent.cli)
        currentTask = agent.currentTask
        createdAt = agent.createdAt
        lastHeartbeat = agent.lastHeartbeat
        tasksCompleted = agent.tasksCompleted
        turnsCompleted = agent.turnsCompleted
        lastActiveAt = agent.lastActiveAt
        label = agent.label
        shortID = agent.id.short
        maxTurns = agent.maxTurns
        attention = agent.attention
        standstill = agent.standstill?.reason
        continueWith = agent.standstill?.command
        retryAt = agent.retryAt
        consecutiveFailures = agent.consecutiveFailures
        stopRequest = agent.stopRequest
        sessionID = agent.session?.id
        self.pending = pending
        self.lease = lease
    }

    /// The same agent, whose turn has ended with its host: nothing runs, whatever the old record says.
    func interrupted(_ lease: LeaseView) -> AgentView {
        var view = self
        view.lease = nil
        view.interruptedTurn = lease
        view.state = (try? state.after(.turnEnded)) ?? state
        return view
    }
}

extension AgentView {
    /// The nickname that somebody gave: see `Agent.givenNickname`.
    public var givenNickname: String? { nickname.flatMap { Nicknames.isDrawn($0, for: id) ? nil : $0 } }

    /// What a person has to know of it now, with the command that lets it go on; nil where nothing is amiss.
    public var notice: String? {
        if let attention {
            guard let continueWith, !attention.contains(continueWith) else { return attention }
            return "\(attention); let it continue with: \(continueWith)"
        }
        guard pending.total > 0, let standstill, let continueWith else { return nil }
        return "it \(standstill), and mail waits; let it continue with: \(continueWith)"
    }
}

/// Messages that wait for one agent.
public struct PendingView: Codable, Sendable, Equatable {
    public var total: Int
    public var task: Int
    public var query: Int
    public var informational: Int
    public var confirmation: Int
    public var other: Int

    /// - Parameter byType: counts by the wire name of the message type.
    public init(_ byType: [String: Int]) {
        (total, task, query, informational, confirmation, other) = (0, 0, 0, 0, 0, 0)
        for (type, count) in byType { add(count, MessageBody.category(ofType: type)) }
    }

    fileprivate mutating func add(_ count: Int, _ category: MessageBody.Category) {
        total += count
        switch category {
        case .task: task += count
        case .query: query += count
        case .informational: informational += count
        case .confirmation: confirmation += count
        case .otherActionable: other += count
        }
    }
}

/// A running turn.
public struct LeaseView: Codable, Sendable, Equatable {
    public var turnID: TurnID
    public var hostID: HostID
    /// The name of the machine that it runs on; null where its host is not known any more.
    @OrNull public var machine: String?
    public var startedAt: Timestamp
    public var expiresAt: Timestamp

    enum CodingKeys: String, CodingKey {
        case machine
        case turnID = "turn_id"
        case hostID = "host_id"
        case startedAt = "started_at"
        case expiresAt = "expires_at"
    }

    public init(_ record: LeaseRecord, host: Host?) {
        machine = host?.machineName
        turnID = record.token.turn
        hostID = record.token.host
        startedAt = record.startedAt
        expiresAt = record.expiresAt
    }
}

extension OpenTown {
    /// Views of agents with what waits for them and the turns they take.
    public func views(of agents: [Agent]) async throws -> [AgentView] {
        try await views(of: agents, waiting: try await store.waitingCounts())
    }

    /// - Parameter waiting: what waits for each agent, as `Store.waitingCounts` says.
    func views(of agents: [Agent], waiting: [AgentID: [String: Int]]) async throws -> [AgentView] {
        let records = try await store.leases()
        let isStarting = agents.contains { $0.state == .starting }
        let hosts = records.isEmpty && !isStarting ? [] : try await store.hosts()
        let isServed = isStarting && hosts.contains { liveness(of: $0).isAlive }
        let known = Dictionary(hosts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let held = Dictionary(records.map { ($0.token.agent, $0) }, uniquingKeysWith: { first, _ in first })
        let now = time.now()
        var views: [AgentView] = []
        for agent in agents {
            var view = AgentView(agent, pending: try await pending(of: agent.id, waiting))
            if let record = held[agent.id] {
                let host = known[record.token.host]
                let lease = LeaseView(record, host: host)
                if let host, liveness(of: host).isAlive { view.lease = lease } else { view = view.interrupted(lease) }
            }
            // Once a host serves the town, a new agent can take work like any other.
            if isServed, view.state == .starting { view.state = .idle }
            if let task = agent.currentTask { view.taskTitle = try await store.task(task)?.title }
            if agent.isBackingOff(at: now) { view.waitsBecause = try await lastFailure(of: agent.id) }
            views.append(view)
        }
        return views
    }

    /// What waits for an agent, or for the supervisor, in the categories that their inbox shows.
    /// - Parameter waiting: what waits for each agent, as `Store.waitingCounts` says.
    func pending(of agent: AgentID, _ waiting: [AgentID: [String: Int]]) async throws -> PendingView {
        var pending = PendingView(waiting[agent] ?? [:])
        // A custom message says its category itself, so as many are looked at as an inbox shows at once.
        guard let customs = waiting[agent]?["custom"] else { return pending }
        let first = try await store.inbox(agent, page: Page()).filter { $0.state == .queued }.map(\.message.body)
        for body in first.filter({ $0.type == "custom" }).prefix(customs) {
            pending.add(-1, .task)
            pending.add(1, body.category)
        }
        return pending
    }

    /// Why the agent's last turn failed, in words.
    private func lastFailure(of agent: AgentID) async throws -> String? {
        let filter = EventFilter(agent: agent, types: [.turnFailed])
        guard let event = try await store.latestEvents(limit: 1, filter: filter).last else { return nil }
        guard let detail = event.detail, let kind = detail.failure else { return event.text }
        return kind.words + (detail.reason.map { ": \($0)" } ?? "")
    }
}
