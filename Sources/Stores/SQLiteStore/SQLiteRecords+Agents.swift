package import Model
import SQLite

extension SQLiteRecords {
    // MARK: Agents

    package func agent(_ id: AgentID) throws(StoreError) -> Agent? {
        try first("select * from agents where id = ?", id, row: Self.agent)
    }

    package func agents(onlyLive: Bool) throws(StoreError) -> [Agent] {
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
        agent.tasksCompleted = row.count(15)
        agent.turnsCompleted = row.count(16)
        agent.maxTurns = row.count(17)
        agent.turnsSinceStart = row.count(18)
        if let session: String = row[19] {
            let usage = Usage(
                inputTokens: row[21], outputTokens: row[22], cachedInputTokens: row[23], cacheWriteTokens: row[31],
                costUSD: row[24])
            agent.session = HarnessSession(id: session, harness: row[20], totals: usage)
        }
        agent.retryAt = row[25]
        agent.consecutiveFailures = row.count(26)
        agent.attention = row[27]
        agent.stopRequest = (row[28] as String?).flatMap(StopRequest.init)
        agent.pinnedTo = row[29]
        agent.hostDeaths = row.count(30)
        return agent
    }

    package func insert(_ agent: Agent) throws(StoreError) {
        try run(
            """
            insert into agents (id, epoch, live, name, kind, state, cli, created_at, last_heartbeat, last_active_at,
            tasks_completed, rounds_completed, max_rounds, rounds_since_start, failures)
            values (?, 0, 0, '', '', '', '', ?, 0, 0, 0, 0, 0, 0, 0)
            """, agent.id, agent.createdAt)
        try update(agent)
    }

    package func update(_ agent: Agent) throws(StoreError) {
        let (session, usage) = (agent.session, agent.session?.totals)
        try run(
            """
            update agents set live = ?, name = ?, nickname = ?, role = ?, parent = ?, kind = ?, state = ?, cli = ?,
            current_task = ?, last_heartbeat = ?, last_active_at = ?, tasks_completed = ?, rounds_completed = ?,
            max_rounds = ?, rounds_since_start = ?, session = ?, session_harness = ?, session_input = ?,
            session_output = ?, session_cached = ?, session_cost = ?, retry_at = ?, failures = ?, attention = ?,
            stop_request = ?, pinned_to = ?, host_deaths = ?, session_cache_write = ? where id = ?
            """, !agent.state.isTerminal, agent.name, agent.nickname, agent.role, agent.parent, agent.kind.rawValue,
            agent.state.rawValue, agent.cli, agent.currentTask, agent.lastHeartbeat, agent.lastActiveAt,
            agent.tasksCompleted, agent.turnsCompleted, agent.maxTurns, agent.turnsSinceStart, session?.id,
            session?.harness, usage?.inputTokens, usage?.outputTokens, usage?.cachedInputTokens, usage?.costUSD,
            agent.retryAt, agent.consecutiveFailures, agent.attention, agent.stopRequest?.rawValue, agent.pinnedTo,
            agent.hostDeaths, usage?.cacheWriteTokens, agent.id)
    }

    package func remove(_ agent: AgentID) throws(StoreError) {
        try run("delete from agents where id = ?", agent)
        try run("delete from tallies where recipient = ? and n = 0", agent)
    }
}
