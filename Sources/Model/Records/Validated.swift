// One check for each kind of record, for everything that enters from outside. They refuse what this program never writes
// and could not work with: names that are paths, numbers that no counter reaches, states that contradict each other.

extension Agent {
    /// The agent, if it can be one.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> Agent {
        let check = RecordCheck(record: "agent \(id)")
        try check.id(id)
        try check.require(id != .supervisor, "its id is the supervisor's")
        if let problem = AgentName.problem(withStored: name) { try check.fail("its name is not allowed: \(problem)") }
        if let problem = nickname.flatMap(AgentName.problem(withLabel:)) { try check.fail("its nickname: \(problem)") }
        if let problem = role.flatMap(AgentName.problem(withStoredRole:)) { try check.fail("its role: \(problem)") }
        try check.text(cli, "cli", most: RecordCheck.longestName)
        try check.require(!cli.utf8.contains(0), "its cli holds a zero byte")
        for (number, name) in [
            (tasksCompleted, "count of tasks"), (turnsCompleted, "count of turns"), (maxTurns, "limit of turns"),
            (turnsSinceStart, "count of turns since its start"), (consecutiveFailures, "count of failures"),
            (hostDeaths, "count of hosts' deaths"),
        ] { try check.count(number, name) }
        for (time, name) in [
            (createdAt, "creation"), (lastHeartbeat, "last heartbeat"), (lastActiveAt, "last activity"),
        ] { try check.time(time, name) }
        try check.time(retryAt, "next turn")
        try check.text(attention, "note for people", most: RecordCheck.longestNote)
        try check.word(session?.id, "session")
        try check.word(session?.harness, "session's harness")
        try check.require(session?.id.hasPrefix("-") != true, "its session looks like an option")
        return self
    }
}

extension AgentTask {
    /// The task, if it can be one.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> AgentTask {
        let check = RecordCheck(record: "task \(id)")
        try check.id(id)
        try check.text(description, "description", most: RecordCheck.longestText)
        try check.text(result, "result", most: RecordCheck.longestText)
        try check.require(tags.count <= 1000, "it has \(tags.count) tags")
        for tag in tags { try check.word(tag, "tag") }
        try check.require(dependsOn.count <= 100_000, "it depends on \(dependsOn.count) tasks")
        try check.require(!dependsOn.contains(id) && parent != id, "it waits for itself")
        try check.count(reminders, "count of reminders")
        try check.time(createdAt, "creation")
        for (time, name) in [(updatedAt, "change"), (startedAt, "start"), (completedAt, "end")] {
            try check.time(time, name)
        }
        try check.require(!isWaiting || state == .pending, "it waits for others and is \(state.rawValue)")
        try check.require(
            !inBacklog || (state == .pending && assignedTo == nil && !isWaiting),
            "it is in the backlog, and has begun, has an owner or waits for others")
        try check.require(!isGroup || (assignedTo == nil && !inBacklog), "it is a group, and somebody's work")
        return self
    }
}

extension Message {
    /// The message, if it can be one.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> Message {
        let check = RecordCheck(record: "message \(id)")
        try check.id(id)
        try check.text(body.text, "text", most: RecordCheck.longestText)
        if case .custom(let kind, _) = body { try check.text(kind, "kind", most: RecordCheck.longestName) }
        try check.count(hops, "count of hops")
        try check.time(createdAt, "creation")
        try check.require(attachments.count <= 1000, "it has \(attachments.count) attachments")
        for path in attachments { try check.word(path, "attachment's path") }
        for text in [author?.channel, author?.id, author?.name] { try check.word(text, "author") }
        try check.text(idempotencyKey, "idempotency key", most: RecordCheck.longestName)
        return self
    }
}

extension Delivery {
    /// The message with its place, if it can be one.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> Delivery {
        _ = try message.validated()
        let check = RecordCheck(record: "message \(message.id)")
        try check.sequence(sequence)
        try check.count(attempts, "count of attempts")
        try check.count(deliveries, "count of turns")
        try check.count(hostDeaths, "count of hosts' deaths")
        try check.time(changedAt, "last change")
        try check.text(lastError, "error", most: RecordCheck.longestNote)
        return self
    }
}

extension Event {
    /// The event, if it can be one.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> Event {
        let check = RecordCheck(record: "event \(sequence)")
        try check.sequence(sequence)
        try check.time(timestamp, "time")
        try check.text(text, "text", most: RecordCheck.longestNote)
        for state in [oldState, newState] { try check.word(state, "state") }
        return self
    }
}

extension Document {
    /// The document, if a town can keep it.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> Document {
        let check = RecordCheck(record: "the document \(place.key.prefix(100))")
        try check.word(place.key, "key")
        if let problem = place.problem { throw InvalidRecord(check.record, problem) }
        try check.require(!place.isOfProcess, "it says what a process does, and belongs to that")
        try check.require(content.count <= RecordCheck.longestText, "it is too long")
        try check.require(place.kind != .member || content.isEmpty, "a member has no content")
        if let dueAt { try check.time(dueAt, "due time") }
        return self
    }
}

extension Host {
    /// The host, if it can be one.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> Host {
        let check = RecordCheck(record: "host \(id)")
        try check.id(id)
        try check.word(machine, "machine")
        try check.word(process, "process")
        try check.time(startedAt, "start")
        try check.time(expiresAt, "expiry")
        try check.require(lacks.count <= 10_000, "it lacks \(lacks.count) programs")
        for cli in lacks { try check.text(cli, "list of missing programs", most: RecordCheck.longestName) }
        return self
    }
}

extension LeaseRecord {
    /// The lease, if it can be one.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> LeaseRecord {
        let check = RecordCheck(record: "the lease of agent \(token.agent)")
        try check.id(token.agent)
        try check.id(token.turn)
        try check.id(token.host)
        try check.require(Figure.sequences.contains(token.epoch), "its epoch of \(token.epoch) cannot be true")
        try check.time(startedAt, "start")
        try check.time(expiresAt, "expiry")
        return self
    }
}

extension TownRecord {
    /// The record, if it can be one.
    /// - Throws: what is wrong with it.
    public func validated() throws(InvalidRecord) -> TownRecord {
        switch self {
        case .agentLimit(let limit):
            try RecordCheck(record: "the limit of agents").count(limit, "value")
        case .agent(let agent): _ = try agent.validated()
        case .task(let task): _ = try task.validated()
        case .message(let delivery): _ = try delivery.validated()
        case .kept(let entry): _ = try entry.validated()
        case .event(let event): _ = try event.validated()
        }
        return self
    }
}
