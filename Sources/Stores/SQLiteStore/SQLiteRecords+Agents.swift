import Model
import SQLite
import StoreVerbs

extension SQLiteRecords {
    // MARK: Agents

    func agent(_ id: AgentID) throws(StoreError) -> Agent? {
        try first("select * from agents where id = ?", id, row: Self.agent)
    }

    func agents(onlyLive: Bool) throws(StoreError) -> [Agent] {
        if onlyLive { return try all("select * from agents where live = 1 order by ordinal", row: Self.agent) }
        return try all("select * from agents order by ordinal", row: Self.agent)
    }

    private static func agent(_ row: borrowing Row) -> Agent {
        var agent = Agent(id: row[1], name: row[4], cli: row[10], createdAt: row[12])
        agent.nickname = row[5]
        agent.role = row[6]
        agent.parent = row[7]
        agent.kind = Agent.Kind(rawValue: row[8]) ?? .worker
        // A state that nobody knows must not take turns.
        agent.state = AgentState(rawValue: row[9]) ?? .error
        agent.currentTask = row[11]
        agent.lastHeartbeat = row[13]
        agent.lastActiveAt = row[14]
        agent.tasksCompleted = row[15]
        agent.roundsCompleted = row[16]
        agent.maxRounds = row[17]
        agent.roundsSinceStart = row[18]
        if let session: String = row[19] {
            let usage = Usage(inputTokens: row[21], outputTokens: row[22], cachedInputTokens: row[23], costUSD: row[24])
            agent.session = HarnessSession(id: session, harness: row[20], totals: usage)
        }
        agent.retryAt = row[25]
        agent.consecutiveFailures = row[26]
        agent.attention = row[27]
        agent.stopRequest = (row[28] as String?).flatMap(StopRequest.init)
        agent.pinnedTo = row[29]
        return agent
    }

    func insert(_ agent: Agent) throws(StoreError) {
        try run(
            """
            insert into agents (id, epoch, live, name, kind, state, cli, created_at, last_heartbeat, last_active_at,
            tasks_completed, rounds_completed, max_rounds, rounds_since_start, failures)
            values (?, 0, 0, '', '', '', '', ?, 0, 0, 0, 0, 0, 0, 0)
            """, agent.id, agent.createdAt)
        try update(agent)
    }

    func update(_ agent: Agent) throws(StoreError) {
        let (session, usage) = (agent.session, agent.session?.totals)
        try run(
            """
            update agents set live = ?, name = ?, nickname = ?, role = ?, parent = ?, kind = ?, state = ?, cli = ?,
            current_task = ?, last_heartbeat = ?, last_active_at = ?, tasks_completed = ?, rounds_completed = ?,
            max_rounds = ?, rounds_since_start = ?, session = ?, session_harness = ?, session_input = ?,
            session_output = ?, session_cached = ?, session_cost = ?, retry_at = ?, failures = ?, attention = ?,
            stop_request = ?, pinned_to = ? where id = ?
            """, !agent.state.isTerminal, agent.name, agent.nickname, agent.role, agent.parent, agent.kind.rawValue,
            agent.state.rawValue, agent.cli, agent.currentTask, agent.lastHeartbeat, agent.lastActiveAt,
            agent.tasksCompleted, agent.roundsCompleted, agent.maxRounds, agent.roundsSinceStart, session?.id,
            session?.harness, usage?.inputTokens, usage?.outputTokens, usage?.cachedInputTokens, usage?.costUSD,
            agent.retryAt, agent.consecutiveFailures, agent.attention, agent.stopRequest?.rawValue, agent.pinnedTo,
            agent.id)
    }

    // MARK: Tasks

    func task(_ id: TaskID) throws(StoreError) -> AgentTask? {
        try first("select * from tasks where id = ?", id, row: Self.task)
    }

    private static func task(_ row: borrowing Row) -> AgentTask {
        var task = AgentTask(id: row[1], description: row[2], createdBy: row[5], createdAt: row[6])
        task.state = TaskState(code: row[3])
        task.assignedTo = row[4]
        task.updatedAt = row[7]
        task.startedAt = row[8]
        task.completedAt = row[9]
        task.result = row[10]
        task.parent = row[11]
        task.tags = (row[12] as String?).map { $0.split(separator: tagSeparator).map(String.init) } ?? []
        task.inBacklog = row[13]
        task.reminders = row[14]
        return task
    }

    // A character that no tag holds; tags are words for people.
    private static let tagSeparator: Character = "\u{1F}"

    private static func tags(_ task: AgentTask) -> String? {
        task.tags.isEmpty ? nil : task.tags.joined(separator: String(tagSeparator))
    }

    func insert(_ task: AgentTask) throws(StoreError) {
        try run(
            "insert into tasks values (null, ?,?,?,?,?,?,?,?,?,?,?,?,?,?)", task.id, task.description, task.state.code,
            task.assignedTo, task.createdBy, task.createdAt, task.updatedAt, task.startedAt, task.completedAt,
            task.result, task.parent, Self.tags(task), task.inBacklog, task.reminders)
    }

    func update(_ task: AgentTask, was old: AgentTask) throws(StoreError) {
        try run(
            """
            update tasks set state = ?, owner = ?, updated_at = ?, started_at = ?, completed_at = ?, result = ?,
            in_backlog = ?, reminders = ? where id = ?
            """, task.state.code, task.assignedTo, task.updatedAt, task.startedAt, task.completedAt, task.result,
            task.inBacklog, task.reminders, task.id)
    }

    func tasks(_ filter: TaskFilter, page: Page) throws(StoreError) -> [AgentTask] {
        guard let range = Self.range(ofPrefix: filter.idPrefix ?? "") else { return [] }
        let states = (filter.states ?? Set(TaskState.allCases)).reduce(0) { $0 | 1 << $1.code }
        let backlog = filter.inBacklog.map { $0 ? (1, 1) : (0, 0) } ?? (0, 1)
        let (limit, offset) = (max(0, page.limit), max(0, page.offset))
        if let owner = filter.assignee, let only = filter.states, only.isSubset(of: [.assigned, .running]) {
            return try all(
                """
                select * from tasks where owner = ? and state in (1, 2) and (? >> state) & 1
                and in_backlog between ? and ? and id between ? and ? order by ordinal limit ? offset ?
                """, owner, states, backlog.0, backlog.1, range.0, range.1, limit, offset, row: Self.task)
        }
        if let owner = filter.assignee {
            return try all(
                """
                select * from tasks where owner = ? and (? >> state) & 1 and in_backlog between ? and ?
                and id between ? and ? order by ordinal limit ? offset ?
                """, owner, states, backlog.0, backlog.1, range.0, range.1, limit, offset, row: Self.task)
        }
        if filter.inBacklog == true {
            return try all(
                """
                select * from tasks where in_backlog = 1 and (? >> state) & 1 and id between ? and ?
                order by ordinal limit ? offset ?
                """, states, range.0, range.1, limit, offset, row: Self.task)
        }
        if filter.idPrefix != nil {
            return try all(
                """
                select * from tasks where id between ? and ? and (? >> state) & 1 and in_backlog between ? and ?
                order by ordinal limit ? offset ?
                """, range.0, range.1, states, backlog.0, backlog.1, limit, offset, row: Self.task)
        }
        return try all(
            """
            select * from tasks where (? >> state) & 1 and in_backlog between ? and ? order by ordinal limit ? offset ?
            """, states, backlog.0, backlog.1, limit, offset, row: Self.task)
    }

    /// The smallest and the greatest id that begin with these digits; nil where none can.
    private static func range(ofPrefix prefix: String) -> (TaskID, TaskID)? {
        let digits = prefix.filter { $0 != "-" }
        guard digits.utf8.count <= 32 else { return nil }
        func padded(_ digit: String) -> TaskID? {
            TaskID(digits + String(repeating: digit, count: 32 - digits.utf8.count))
        }
        guard let low = padded("0"), let high = padded("f"), low.description.hasPrefix(prefix) else { return nil }
        return (low, high)
    }

    func taskCounts() throws(StoreError) -> TaskCounts {
        var counts = TaskCounts()
        let rows = try all("select state, in_backlog, n from task_tallies where n > 0") { row in
            (state: TaskState(code: row[0]), inBacklog: row[1] as Bool, n: row[2] as Int)
        }
        for row in rows {
            counts.byState[row.state, default: 0] += row.n
            if row.inBacklog { counts.backlog += row.n }
        }
        return counts
    }
}
