import FoundationEssentials
import Model

// The written forms of what a snapshot holds: docs/snapshots.md. They are apart from the model's own types so that a
// change there cannot change files that exist; a test holds both to the same fields.

/// An agent in a snapshot, under Tinytown's names.
struct AgentForm: Codable {
    var id: AgentID
    var name: String
    var nickname: String?
    var role: String?
    var parent: AgentID?
    var kind: Agent.Kind
    var state: AgentState
    var cli: String
    var currentTask: TaskID?
    var createdAt: Timestamp
    var lastHeartbeat: Timestamp
    var lastActiveAt: Timestamp
    var tasksCompleted: Int
    var turnsCompleted: Int
    var maxTurns: Int
    var turnsSinceStart: Int
    var session: SessionForm?
    var retryAt: Timestamp?
    var consecutiveFailures: Int
    var hostDeaths: Int?
    var attention: String?
    var stopRequest: StopRequest?

    enum CodingKeys: String, CodingKey {
        case id, name, nickname, state, cli, session, attention
        case role = "role_id"
        case parent = "parent_agent_id"
        case kind = "agent_type"
        case currentTask = "current_task"
        case createdAt = "created_at"
        case lastHeartbeat = "last_heartbeat"
        case lastActiveAt = "last_active_at"
        case tasksCompleted = "tasks_completed"
        case turnsCompleted = "rounds_completed"
        case maxTurns = "max_rounds"
        case turnsSinceStart = "rounds_since_start"
        case retryAt = "retry_at"
        case consecutiveFailures = "consecutive_failures"
        case hostDeaths = "host_deaths"
        case stopRequest = "stop_request"
    }

    init(_ agent: Agent) {
        id = agent.id
        name = agent.name
        nickname = agent.nickname
        role = agent.role
        parent = agent.parent
        kind = agent.kind
        state = agent.state
        cli = agent.cli
        currentTask = agent.currentTask
        createdAt = agent.createdAt
        lastHeartbeat = agent.lastHeartbeat
        lastActiveAt = agent.lastActiveAt
        tasksCompleted = agent.tasksCompleted
        turnsCompleted = agent.turnsCompleted
        maxTurns = agent.maxTurns
        turnsSinceStart = agent.turnsSinceStart
        session = agent.session.map(SessionForm.init)
        retryAt = agent.retryAt
        consecutiveFailures = agent.consecutiveFailures
        hostDeaths = agent.hostDeaths == 0 ? nil : agent.hostDeaths
        attention = agent.attention
        stopRequest = agent.stopRequest
    }

    var agent: Agent {
        var agent = Agent(id: id, name: name, cli: cli, createdAt: createdAt)
        agent.nickname = nickname
        agent.role = role
        agent.parent = parent
        agent.kind = kind
        agent.state = state
        agent.currentTask = currentTask
        agent.lastHeartbeat = lastHeartbeat
        agent.lastActiveAt = lastActiveAt
        agent.tasksCompleted = tasksCompleted
        agent.turnsCompleted = turnsCompleted
        agent.maxTurns = maxTurns
        agent.turnsSinceStart = turnsSinceStart
        agent.session = session?.session
        agent.retryAt = retryAt
        agent.consecutiveFailures = consecutiveFailures
        agent.hostDeaths = hostDeaths ?? 0
        agent.attention = attention
        agent.stopRequest = stopRequest
        return agent
    }
}

/// A harness's session in a snapshot.
struct SessionForm: Codable {
    var id: String
    var harness: String
    var inputTokens: Int
    var outputTokens: Int
    var cachedInputTokens: Int
    /// Not in snapshots of earlier versions.
    var cacheWriteTokens: Int?
    var costUSD: Double?

    enum CodingKeys: String, CodingKey {
        case id, harness
        case inputTokens = "input_tokens"
        case outputTokens = "output_tokens"
        case cachedInputTokens = "cached_input_tokens"
        case cacheWriteTokens = "cache_write_tokens"
        case costUSD = "cost_usd"
    }

    init(_ session: HarnessSession) {
        id = session.id
        harness = session.harness
        inputTokens = session.totals.inputTokens
        outputTokens = session.totals.outputTokens
        cachedInputTokens = session.totals.cachedInputTokens
        cacheWriteTokens = session.totals.cacheWriteTokens
        costUSD = session.totals.costUSD
    }

    var session: HarnessSession {
        HarnessSession(
            id: id, harness: harness,
            totals: Usage(
                inputTokens: inputTokens, outputTokens: outputTokens, cachedInputTokens: cachedInputTokens,
                cacheWriteTokens: cacheWriteTokens, costUSD: costUSD))
    }
}

/// A task in a snapshot.
struct TaskForm: Codable {
    var id: TaskID
    var description: String
    var state: TaskState
    var assignedTo: AgentID?
    var createdBy: AgentID
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var startedAt: Timestamp?
    var completedAt: Timestamp?
    var result: String?
    var parent: TaskID?
    var dependsOn: [TaskID]?
    var tags: [String]?
    var inBacklog: Bool?
    var isWaiting: Bool?
    var isGroup: Bool?
    var priority: Priority?
    var reminders: Int?

    enum CodingKeys: String, CodingKey {
        case id, description, state, result, tags, priority, reminders
        case assignedTo = "assigned_to"
        case createdBy = "created_by"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
        case startedAt = "started_at"
        case completedAt = "completed_at"
        case parent = "parent_id"
        case dependsOn = "depends_on"
        case inBacklog = "in_backlog"
        case isWaiting = "waiting"
        case isGroup = "group"
    }

    // What is as it usually is, is left out.
    init(_ task: AgentTask) {
        id = task.id
        description = task.description
        state = task.state
        assignedTo = task.assignedTo
        createdBy = task.createdBy
        createdAt = task.createdAt
        updatedAt = task.updatedAt
        startedAt = task.startedAt
        completedAt = task.completedAt
        result = task.result
        parent = task.parent
        dependsOn = task.dependsOn.isEmpty ? nil : task.dependsOn
        tags = task.tags.isEmpty ? nil : task.tags
        inBacklog = task.inBacklog ? true : nil
        isWaiting = task.isWaiting ? true : nil
        isGroup = task.isGroup ? true : nil
        priority = task.priority == .normal ? nil : task.priority
        reminders = task.reminders == 0 ? nil : task.reminders
    }

    var task: AgentTask {
        var task = AgentTask(
            id: id, description: description, createdBy: createdBy, createdAt: createdAt, tags: tags ?? [])
        task.state = state
        task.assignedTo = assignedTo
        task.updatedAt = updatedAt
        task.startedAt = startedAt
        task.completedAt = completedAt
        task.result = result
        task.parent = parent
        task.dependsOn = dependsOn ?? []
        task.inBacklog = inBacklog ?? false
        task.isWaiting = isWaiting ?? false
        task.isGroup = isGroup ?? false
        task.priority = priority ?? .normal
        task.reminders = reminders ?? 0
        return task
    }
}

/// A message in a snapshot: Tinytown's wire form, and where it stands.
struct DeliveryForm: Codable {
    var sequence: Int64
    var state: Delivery.State
    var attempts: Int?
    var deliveries: Int?
    var hostDeaths: Int?
    var lastError: String?
    var changedAt: Timestamp
    var message: Message

    enum CodingKeys: String, CodingKey {
        case sequence, state, attempts, deliveries, message
        case hostDeaths = "host_deaths"
        case lastError = "last_error"
        case changedAt = "changed_at"
    }

    init(_ delivery: Delivery) {
        sequence = delivery.sequence
        state = delivery.state
        attempts = delivery.attempts == 0 ? nil : delivery.attempts
        deliveries = delivery.deliveries == 0 ? nil : delivery.deliveries
        hostDeaths = delivery.hostDeaths == 0 ? nil : delivery.hostDeaths
        lastError = delivery.lastError
        changedAt = delivery.changedAt
        message = delivery.message
    }

    var delivery: Delivery {
        var delivery = Delivery(message: message, sequence: sequence, state: state, changedAt: changedAt)
        delivery.attempts = attempts ?? 0
        delivery.deliveries = deliveries ?? 0
        delivery.hostDeaths = hostDeaths ?? 0
        delivery.lastError = lastError
        return delivery
    }
}
