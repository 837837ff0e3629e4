import Model

/// What a client of the store meets on its way: delays, refusals, links that are cut, and answers that are lost before or
/// after the verb was carried out. A client whose process died gets nothing through any more.
struct Fault: Sendable {
    var random: any Randomness
    /// Chances from 0 to 1.
    var busy = 0.0
    var lostAnswer = 0.0
    var delay = 0.0
    var isDead: @Sendable () -> Bool
    /// Whether its link to the store is down at present.
    var isCut: @Sendable () -> Bool = { false }
    var isCalm: @Sendable () -> Bool

    func around<Result: Sendable>(_ body: () async throws(StoreError) -> Result) async throws(StoreError) -> Result {
        try await stepBefore()
        let result = try await body()
        if isDead() { throw StoreError(.closed, "the process is dead") }
        if !isCalm(), isCut() || random.unit() < lostAnswer { throw StoreError(.unknownOutcome, "the answer was lost") }
        return result
    }

    private func stepBefore() async throws(StoreError) {
        if isDead() { throw StoreError(.closed, "the process is dead") }
        if isCalm() { return }
        if random.unit() < delay {
            let pause = Int64(random.next() % 2_000_000)
            await Task { try? await Scheduler.shared.sleep(microseconds: pause) }.value
            if isDead() { throw StoreError(.closed, "the process is dead") }
        }
        if isCut() { throw StoreError(.unavailable, "the link is down") }
        if random.unit() < busy { throw StoreError(.busy, "another writer holds the store") }
        if random.unit() < lostAnswer / 2 { throw StoreError(.unknownOutcome, "the question was lost") }
    }
}

/// A store behind a fault, with ears: what really happened is told to the `Witness`.
struct FaultyStore: Store {
    let inner: any Store
    let fault: Fault
    let witness: Witness

    func send(_ messages: [Message], limits: SendLimits) async throws(StoreError) -> [Receipt] {
        try await fault.around { () async throws(StoreError) in
            let receipts = try await inner.send(messages, limits: limits)
            witness.sent(messages, receipts)
            return receipts
        }
    }
    func inbox(_ agent: AgentID, page: Page) async throws(StoreError) -> [Delivery] {
        try await fault.around { () async throws(StoreError) in try await inner.inbox(agent, page: page) }
    }
    func take(_ agent: AgentID, limit: Int, now: Timestamp) async throws(StoreError) -> [Delivery] {
        try await fault.around { () async throws(StoreError) in try await inner.take(agent, limit: limit, now: now) }
    }
    func acknowledge(_ message: MessageID, of agent: AgentID, now: Timestamp) async throws(StoreError) -> Bool {
        try await fault.around { () async throws(StoreError) in
            try await inner.acknowledge(message, of: agent, now: now)
        }
    }
    func delivery(_ id: MessageID) async throws(StoreError) -> Delivery? {
        try await fault.around { () async throws(StoreError) in try await inner.delivery(id) }
    }
    func deadLetters(page: Page) async throws(StoreError) -> [Delivery] {
        try await fault.around { () async throws(StoreError) in try await inner.deadLetters(page: page) }
    }
    func retryDead(_ id: MessageID, to agent: AgentID?, now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.retryDead(id, to: agent, now: now) }
    }
    func dropDead(_ id: MessageID, now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.dropDead(id, now: now) }
    }
    func queueCounts() async throws(StoreError) -> QueueCounts {
        try await fault.around { () async throws(StoreError) in try await inner.queueCounts() }
    }
    func waitingCounts() async throws(StoreError) -> [AgentID: [String: Int]] {
        try await fault.around { () async throws(StoreError) in try await inner.waitingCounts() }
    }
    func lease(_ request: LeaseRequest) async throws(StoreError) -> Lease? {
        try await fault.around { () async throws(StoreError) in
            let lease = try await inner.lease(request)
            if let lease { witness.leased(lease) }
            return lease
        }
    }
    func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.renew(token, until: until, now: now) }
    }
    func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in
            try await inner.note(token, session: session, now: now)
        }
    }
    func commit(_ turn: TurnCommit) async throws(StoreError) -> CommitSummary {
        try await fault.around { () async throws(StoreError) in
            let summary = try await inner.commit(turn)
            witness.committed(turn)
            return summary
        }
    }
    func release(
        _ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp
    ) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in
            try await inner.release(token, cause: cause, maxHostDeaths: maxHostDeaths, now: now)
            witness.released(token)
        }
    }
    func leases() async throws(StoreError) -> [LeaseRecord] {
        try await fault.around { () async throws(StoreError) in try await inner.leases() }
    }
    func register(_ agent: Agent, maxAgents: Int) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.register(agent, maxAgents: maxAgents) }
    }
    func change(_ agent: AgentID, _ change: AgentChange, now: Timestamp) async throws(StoreError) -> Agent {
        try await fault.around { () async throws(StoreError) in
            let new = try await inner.change(agent, change, now: now)
            witness.changed(agent, change)
            return new
        }
    }
    func remove(_ agent: AgentID, now: Timestamp) async throws(StoreError) -> Removal {
        try await fault.around { () async throws(StoreError) in try await inner.remove(agent, now: now) }
    }
    func reclaim(from agent: AgentID, to destination: Destination, now: Timestamp) async throws(StoreError)
        -> Reclaimed
    {
        try await fault.around { () async throws(StoreError) in
            try await inner.reclaim(from: agent, to: destination, now: now)
        }
    }
    func reset(now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.reset(now: now) }
    }
    func offer(_ task: TaskID, to agent: AgentID, now: Timestamp) async throws(StoreError) -> OfferResult {
        try await fault.around { () async throws(StoreError) in
            let result = try await inner.offer(task, to: agent, now: now)
            if result == .offered { witness.offered(task, agent) }
            return result
        }
    }
    func agents() async throws(StoreError) -> [Agent] {
        try await fault.around { () async throws(StoreError) in try await inner.agents() }
    }
    func agent(_ id: AgentID) async throws(StoreError) -> Agent? {
        try await fault.around { () async throws(StoreError) in try await inner.agent(id) }
    }
    func pulse() async throws(StoreError) -> [AgentPulse] {
        try await fault.around { () async throws(StoreError) in try await inner.pulse() }
    }
    func create(_ tasks: [NewTask]) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in
            try await inner.create(tasks)
            for new in tasks { witness.created(new.task, new.assignee) }
        }
    }
    func move(_ task: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        async throws(StoreError) -> AgentTask
    {
        try await fault.around { () async throws(StoreError) in
            try await inner.move(task, move, by: by, announcement: announcement, now: now)
        }
    }
    func revise(_ revisions: [TaskRevision], now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.revise(revisions, now: now) }
    }
    func task(_ id: TaskID) async throws(StoreError) -> AgentTask? {
        try await fault.around { () async throws(StoreError) in try await inner.task(id) }
    }
    func tasks(_ filter: TaskFilter, page: Page) async throws(StoreError) -> [AgentTask] {
        try await fault.around { () async throws(StoreError) in try await inner.tasks(filter, page: page) }
    }
    func taskCounts() async throws(StoreError) -> TaskCounts {
        try await fault.around { () async throws(StoreError) in try await inner.taskCounts() }
    }
    func announce(_ host: Host, now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.announce(host, now: now) }
    }
    func retire(_ host: HostID, died: Bool, now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.retire(host, died: died, now: now) }
    }
    func hosts() async throws(StoreError) -> [Host] {
        try await fault.around { () async throws(StoreError) in try await inner.hosts() }
    }
    func append(_ events: [Event]) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.append(events) }
    }
    func events(after: Int64, limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await fault.around { () async throws(StoreError) in
            try await inner.events(after: after, limit: limit, filter: filter)
        }
    }
    func latestEvents(limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await fault.around { () async throws(StoreError) in
            try await inner.latestEvents(limit: limit, filter: filter)
        }
    }
    func document(_ place: Place) async throws(StoreError) -> Document? {
        try await fault.around { () async throws(StoreError) in try await inner.document(place) }
    }
    func documents(_ key: String, after name: [UInt8]?, limit: Int) async throws(StoreError) -> [Document] {
        try await fault.around { () async throws(StoreError) in
            try await inner.documents(key, after: name, limit: limit)
        }
    }
    func due(_ feature: String, by now: Timestamp, limit: Int) async throws(StoreError) -> DueDocuments {
        try await fault.around { () async throws(StoreError) in try await inner.due(feature, by: now, limit: limit) }
    }
    @discardableResult
    func perform(_ steps: [Step]) async throws(StoreError) -> [StepResult] {
        try await fault.around { () async throws(StoreError) in try await inner.perform(steps) }
    }
    func export() async throws(StoreError) -> any TownReading {
        try await fault.around { () async throws(StoreError) in try await inner.export() }
    }
    func replaceAll(_ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?)
        async throws
    {
        try await inner.replaceAll(terms, with: next)
    }
    func changes() async throws(StoreError) -> AsyncStream<Void> { try await inner.changes() }
    func tidy(_ retention: Retention, now: Timestamp) async throws(StoreError) {
        try await fault.around { () async throws(StoreError) in try await inner.tidy(retention, now: now) }
    }
    func close() async {}
}
