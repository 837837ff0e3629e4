import Model

/// An agent as a hash: Tinytown's fields, then ours, which its readers ignore and leave alone.
extension Agent {
    var fields: Fields {
        var fields: Fields = [
            "id": id.description, "name": name, "spawn_mode": "fresh", "agent_type": kind.rawValue,
            "state": state.rawValue, "cli": cli, "created_at": createdAt.field, "last_heartbeat": lastHeartbeat.field,
            "last_active_at": lastActiveAt.field, "tasks_completed": String(tasksCompleted),
            "rounds_completed": String(turnsCompleted), "name_key": name.lowercased(), "max_rounds": String(maxTurns),
        ]
        fields["nickname"] = nickname
        fields["role_id"] = role
        fields["parent_agent_id"] = parent?.description
        fields["current_task"] = currentTask?.description
        if turnsSinceStart > 0 { fields["rounds_since_start"] = String(turnsSinceStart) }
        if consecutiveFailures > 0 { fields["failures"] = String(consecutiveFailures) }
        if hostDeaths > 0 { fields["host_deaths"] = String(hostDeaths) }
        fields["retry_at"] = retryAt?.field
        fields["attention"] = attention
        fields["stop_request"] = stopRequest?.rawValue
        fields["pinned_to"] = pinnedTo?.description
        if let session { fields.merge(session.fields) { $1 } }
        return fields
    }

    /// Nil without an id or a name. An unknown state is read as `starting`, as Tinytown does.
    init?(fields: Fields) {
        guard let id: AgentID = fields.id("id"), let name = fields["name"] else { return nil }
        let created = fields.time("created_at") ?? Timestamp(microseconds: 0)
        self.init(id: id, name: name, cli: fields["cli"] ?? "claude", createdAt: created)
        nickname = fields["nickname"]
        role = fields["role_id"]
        parent = fields.id("parent_agent_id")
        kind = fields["agent_type"].flatMap(Kind.init) ?? .worker
        state = fields["state"].flatMap(AgentState.init) ?? .starting
        currentTask = fields.id("current_task")
        lastHeartbeat = fields.time("last_heartbeat") ?? created
        lastActiveAt = fields.time("last_active_at") ?? created
        tasksCompleted = fields.int("tasks_completed")
        turnsCompleted = fields.int("rounds_completed")
        maxTurns = fields["max_rounds"].flatMap { Figure.int($0, in: Figure.counts) } ?? maxTurns
        turnsSinceStart = fields.int("rounds_since_start")
        consecutiveFailures = fields.int("failures")
        hostDeaths = fields.int("host_deaths")
        session = HarnessSession(fields: fields)
        retryAt = fields.time("retry_at")
        attention = fields["attention"]
        stopRequest = fields["stop_request"].flatMap(StopRequest.init)
        pinnedTo = fields.id("pinned_to")
    }
}

extension HarnessSession {
    var fields: Fields {
        var fields: Fields = [
            "session_id": id, "session_harness": harness, "session_input": String(totals.inputTokens),
            "session_output": String(totals.outputTokens), "session_cached": String(totals.cachedInputTokens),
        ]
        fields["session_cache_write"] = totals.cacheWriteTokens.map { String($0) }
        fields["session_cost"] = totals.costUSD.map { String($0) }
        return fields
    }

    init?(fields: Fields) {
        guard let id = fields["session_id"], let harness = fields["session_harness"] else { return nil }
        self.init(
            id: id, harness: harness,
            totals: Usage(
                inputTokens: fields.int("session_input"), outputTokens: fields.int("session_output"),
                cachedInputTokens: fields.int("session_cached"),
                cacheWriteTokens: fields["session_cache_write"].flatMap { Figure.int($0, in: Figure.tokens) },
                costUSD: fields["session_cost"].flatMap { Double($0) })
        )
    }
}
