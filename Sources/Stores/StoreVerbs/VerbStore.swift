package import Model

/// When followers hear of what a verb wrote.
package enum Ring: Sendable {
    case never
    /// Before its caller goes on, who may end at once.
    case first
    /// After its caller, who lives on, if that costs no change of threads.
    case soon
}

/// A store that runs the verbs in this process, over rows. It says how a verb reads and how it writes; which verb is
/// which, and what it asks of its writing, is said here for all of them.
package protocol VerbStore: Store {
    associatedtype Rows: Records

    /// Reads in one transaction, so that everything that is read belongs together.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Verbs<Rows>) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value

    /// Carries out a verb wholly or, if it throws, not at all. It may be run again after it was undone.
    /// - Parameter needsSync: whether its effects must be on the disk before it counts.
    func write<Value: Sendable>(
        rings: Ring, needsSync: Bool, _ body: @escaping @Sendable (Verbs<Rows>) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value
}

extension VerbStore {
    /// Carries out a verb; for a turn's own commands, if the turn may.
    private func carryOut<Value: Sendable>(
        rings: Ring = .first, needsSync: Bool = true, sends: Int = 0, now: Timestamp? = nil,
        _ body: @escaping @Sendable (Verbs<Rows>) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        guard let turn = ActingTurn.current else {
            return try await write(rings: rings, needsSync: needsSync, body)
        }
        return try await write(rings: rings, needsSync: needsSync) { verbs throws(StoreError) in
            var verbs = verbs
            try verbs.begin(turn, sends: sends, now: now)
            return try body(verbs)
        }
    }

    // MARK: Messages

    public func send(_ messages: [Message], limits: SendLimits) async throws(StoreError) -> [Receipt] {
        try await carryOut(sends: messages.count, now: messages.first?.createdAt) { verbs throws(StoreError) in
            try verbs.send(messages, limits: limits)
        }
    }

    public func inbox(_ agent: AgentID, page: Page) async throws(StoreError) -> [Delivery] {
        try await read { verbs throws(StoreError) in try verbs.rows.inbox(agent, page: page) }
    }

    public func take(_ agent: AgentID, limit: Int, now: Timestamp) async throws(StoreError) -> [Delivery] {
        try await carryOut { verbs throws(StoreError) in try verbs.take(agent, limit: limit, now: now) }
    }

    public func acknowledge(_ message: MessageID, of agent: AgentID, now: Timestamp) async throws(StoreError) -> Bool {
        try await carryOut { verbs throws(StoreError) in try verbs.acknowledge(message, of: agent, now: now) }
    }

    public func delivery(_ id: MessageID) async throws(StoreError) -> Delivery? {
        try await read { verbs throws(StoreError) in try verbs.rows.delivery(id) }
    }

    public func deadLetters(page: Page) async throws(StoreError) -> [Delivery] {
        try await read { verbs throws(StoreError) in try verbs.rows.deadLetters(page: page) }
    }

    public func retryDead(_ id: MessageID, to agent: AgentID?, now: Timestamp) async throws(StoreError) {
        try await carryOut { verbs throws(StoreError) in try verbs.retryDead(id, to: agent, now: now) }
    }

    public func dropDead(_ id: MessageID, now: Timestamp) async throws(StoreError) {
        try await carryOut { verbs throws(StoreError) in try verbs.dropDead(id, now: now) }
    }

    public func queueCounts() async throws(StoreError) -> QueueCounts {
        try await read { verbs throws(StoreError) in try verbs.rows.queueCounts() }
    }

    public func waitingCounts() async throws(StoreError) -> [AgentID: [String: Int]] {
        try await read { verbs throws(StoreError) in try verbs.rows.waitingCounts() }
    }

    // MARK: Turns

    public func lease(_ request: LeaseRequest) async throws(StoreError) -> Lease? {
        // A power failure ends every host, so nobody could hold the lease, and its messages wait as before.
        try await carryOut(rings: .soon, needsSync: false) { verbs throws(StoreError) in
            try verbs.lease(request)
        }
    }

    public func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) async throws(StoreError) {
        try await carryOut(rings: .never, needsSync: false) { verbs throws(StoreError) in
            try verbs.renew(token, until: until, now: now)
        }
    }

    public func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) async throws(StoreError) {
        try await carryOut(rings: .never, needsSync: false) { verbs throws(StoreError) in
            try verbs.note(token, session: session, now: now)
        }
    }

    public func commit(_ turn: TurnCommit) async throws(StoreError) -> Agent {
        try await carryOut { verbs throws(StoreError) in try verbs.commit(turn) }
    }

    public func release(
        _ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp
    ) async throws(StoreError) {
        try await carryOut { verbs throws(StoreError) in
            try verbs.release(token, cause: cause, maxHostDeaths: maxHostDeaths, now: now)
        }
    }

    public func leases() async throws(StoreError) -> [LeaseRecord] {
        try await read { verbs throws(StoreError) in try verbs.rows.leases().map(\.record) }
    }

    // MARK: Agents

    public func register(_ agent: Agent, maxAgents: Int) async throws(StoreError) {
        try await carryOut { verbs throws(StoreError) in try verbs.register(agent, maxAgents: maxAgents) }
    }

    @discardableResult
    public func change(_ agent: AgentID, _ change: AgentChange, now: Timestamp) async throws(StoreError) -> Agent {
        try await carryOut { verbs throws(StoreError) in try verbs.change(agent, change, now: now) }
    }

    public func remove(_ agent: AgentID, now: Timestamp) async throws(StoreError) -> Removal {
        try await carryOut { verbs throws(StoreError) in try verbs.remove(agent, now: now) }
    }

    public func reclaim(from agent: AgentID, to destination: Destination, now: Timestamp) async throws(StoreError)
        -> Reclaimed
    {
        try await carryOut { verbs throws(StoreError) in try verbs.reclaim(from: agent, to: destination, now: now) }
    }

    public func reset(now: Timestamp) async throws(StoreError) {
        try await carryOut { verbs throws(StoreError) in try verbs.reset(now: now) }
    }

    public func agents() async throws(StoreError) -> [Agent] {
        try await read { verbs throws(StoreError) in try verbs.rows.agents(onlyLive: false) }
    }

    public func agent(_ id: AgentID) async throws(StoreError) -> Agent? {
        try await read { verbs throws(StoreError) in try verbs.rows.agent(id) }
    }

    public func pulse() async throws(StoreError) -> [AgentPulse] {
        try await read { verbs throws(StoreError) in try verbs.pulse() }
    }

    // MARK: Tasks

    public func create(_ tasks: [NewTask]) async throws(StoreError) {
        try await carryOut(sends: tasks.count, now: tasks.first?.task.createdAt) { verbs throws(StoreError) in
            try verbs.create(tasks)
        }
    }

    @discardableResult
    public func move(_ task: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        async throws(StoreError) -> AgentTask
    {
        try await carryOut(sends: move.sends, now: now) { verbs throws(StoreError) in
            try verbs.move(task, move, by: by, announcement: announcement, now: now)
        }
    }

    public func offer(_ task: TaskID, to agent: AgentID, now: Timestamp) async throws(StoreError) -> OfferResult {
        try await carryOut { verbs throws(StoreError) in try verbs.offer(task, to: agent, now: now) }
    }

    public func revise(_ revisions: [TaskRevision], now: Timestamp) async throws(StoreError) {
        try await carryOut { verbs throws(StoreError) in try verbs.revise(revisions, now: now) }
    }

    public func task(_ id: TaskID) async throws(StoreError) -> AgentTask? {
        try await read { verbs throws(StoreError) in try verbs.rows.task(id) }
    }

    public func tasks(_ filter: TaskFilter, page: Page) async throws(StoreError) -> [AgentTask] {
        try await read { verbs throws(StoreError) in try verbs.rows.tasks(filter, page: page) }
    }

    public func taskCounts() async throws(StoreError) -> TaskCounts {
        try await read { verbs throws(StoreError) in try verbs.rows.taskCounts() }
    }

    // MARK: Documents

    public func document(_ place: Place) async throws(StoreError) -> Document? {
        try await read { verbs throws(StoreError) in try verbs.document(place) }
    }

    public func documents(_ key: String, after name: [UInt8]?, limit: Int) async throws(StoreError) -> [Document] {
        try await read { verbs throws(StoreError) in try verbs.rows.documents(key, after: name, limit: limit) }
    }

    public func due(_ feature: String, by now: Timestamp, limit: Int) async throws(StoreError) -> DueDocuments {
        try await read { verbs throws(StoreError) in try verbs.due(feature, by: now, limit: limit) }
    }

    @discardableResult
    public func perform(_ steps: [Step]) async throws(StoreError) -> [StepResult] {
        let sends = steps.sends
        return try await carryOut(sends: sends.count, now: sends.now) { verbs throws(StoreError) in
            try verbs.perform(steps)
        }
    }

    // MARK: Hosts, events, life

    public func announce(_ host: Host, now: Timestamp) async throws(StoreError) {
        // A renewal is nobody's business; the first announcement is an event, and rings, as does a change.
        let isKnown = try await read { verbs throws(StoreError) in
            try verbs.rows.host(host.id)?.lacks == host.lacks
        }
        _ = try await carryOut(rings: isKnown ? .never : .first) { verbs throws(StoreError) in
            try verbs.announce(host, now: now)
        }
    }

    public func retire(_ host: HostID, died: Bool, now: Timestamp) async throws(StoreError) {
        try await carryOut { verbs throws(StoreError) in try verbs.retire(host, died: died, now: now) }
    }

    public func hosts() async throws(StoreError) -> [Host] {
        try await read { verbs throws(StoreError) in try verbs.rows.hosts() }
    }

    public func append(_ events: [Event]) async throws(StoreError) {
        try await carryOut { verbs throws(StoreError) in try verbs.append(events) }
    }

    public func events(after: Int64, limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await read { verbs throws(StoreError) in
            try verbs.rows.events(after: after, limit: limit, filter: filter)
        }
    }

    public func latestEvents(limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await read { verbs throws(StoreError) in try verbs.rows.latestEvents(limit: limit, filter: filter) }
    }

    public func tidy(_ retention: Retention, now: Timestamp) async throws(StoreError) {
        var hasMore = true
        while hasMore {
            hasMore = try await carryOut(rings: .never) { verbs throws(StoreError) in
                try verbs.rows.tidy(
                    doneBefore: now - retention.doneMessages, events: retention.events, limit: 2000)
            }
        }
    }
}
