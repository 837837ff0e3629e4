import Model

/// Passes every verb on but `close`, so that several commands can share a store that has no file.
struct KeptOpen: Store {
    private let store: any Store

    init(_ store: any Store) { self.store = store }

    func close() async {}

    func send(_ messages: [Message], limits: SendLimits) async throws(StoreError) -> [Receipt] {
        try await store.send(messages, limits: limits)
    }

    func inbox(_ agent: AgentID, page: Page) async throws(StoreError) -> [Delivery] {
        try await store.inbox(agent, page: page)
    }

    func take(_ agent: AgentID, limit: Int, now: Timestamp) async throws(StoreError) -> [Delivery] {
        try await store.take(agent, limit: limit, now: now)
    }

    func acknowledge(_ message: MessageID, of agent: AgentID, now: Timestamp) async throws(StoreError) -> Bool {
        try await store.acknowledge(message, of: agent, now: now)
    }

    func delivery(_ id: MessageID) async throws(StoreError) -> Delivery? {
        try await store.delivery(id)
    }

    func deadLetters(page: Page) async throws(StoreError) -> [Delivery] {
        try await store.deadLetters(page: page)
    }

    func retryDead(_ id: MessageID, to agent: AgentID?, now: Timestamp) async throws(StoreError) {
        try await store.retryDead(id, to: agent, now: now)
    }

    func dropDead(_ id: MessageID, now: Timestamp) async throws(StoreError) {
        try await store.dropDead(id, now: now)
    }

    func queueCounts() async throws(StoreError) -> QueueCounts {
        try await store.queueCounts()
    }

    func waitingCounts() async throws(StoreError) -> [AgentID: [String: Int]] {
        try await store.waitingCounts()
    }

    func lease(_ request: LeaseRequest) async throws(StoreError) -> Lease? {
        try await store.lease(request)
    }

    func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) async throws(StoreError) {
        try await store.renew(token, until: until, now: now)
    }

    func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) async throws(StoreError) {
        try await store.note(token, session: session, now: now)
    }

    func commit(_ turn: TurnCommit) async throws(StoreError) -> CommitSummary {
        try await store.commit(turn)
    }

    func release(
        _ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp
    ) async throws(StoreError) {
        try await store.release(token, cause: cause, maxHostDeaths: maxHostDeaths, now: now)
    }

    func leases() async throws(StoreError) -> [LeaseRecord] {
        try await store.leases()
    }

    func register(_ agent: Agent, maxAgents: Int) async throws(StoreError) {
        try await store.register(agent, maxAgents: maxAgents)
    }

    func change(_ agent: AgentID, _ value: AgentChange, now: Timestamp) async throws(StoreError) -> Agent {
        try await store.change(agent, value, now: now)
    }

    func remove(_ agent: AgentID, now: Timestamp) async throws(StoreError) -> Removal {
        try await store.remove(agent, now: now)
    }

    func reclaim(from agent: AgentID, to destination: Destination, now: Timestamp) async throws(StoreError)
        -> Reclaimed
    {
        try await store.reclaim(from: agent, to: destination, now: now)
    }

    func reset(now: Timestamp) async throws(StoreError) {
        try await store.reset(now: now)
    }

    func offer(_ task: TaskID, to agent: AgentID, now: Timestamp) async throws(StoreError) -> OfferResult {
        try await store.offer(task, to: agent, now: now)
    }

    func agents() async throws(StoreError) -> [Agent] {
        try await store.agents()
    }

    func agent(_ id: AgentID) async throws(StoreError) -> Agent? {
        try await store.agent(id)
    }

    func pulse() async throws(StoreError) -> [AgentPulse] {
        try await store.pulse()
    }

    func create(_ tasks: [NewTask]) async throws(StoreError) {
        try await store.create(tasks)
    }

    func move(_ task: TaskID, _ value: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        async throws(StoreError) -> AgentTask
    {
        try await store.move(task, value, by: by, announcement: announcement, now: now)
    }

    func revise(_ revisions: [TaskRevision], now: Timestamp) async throws(StoreError) {
        try await store.revise(revisions, now: now)
    }
    func task(_ id: TaskID) async throws(StoreError) -> AgentTask? {
        try await store.task(id)
    }

    func tasks(_ filter: TaskFilter, page: Page) async throws(StoreError) -> [AgentTask] {
        try await store.tasks(filter, page: page)
    }

    func taskCounts() async throws(StoreError) -> TaskCounts {
        try await store.taskCounts()
    }

    func announce(_ host: Host, now: Timestamp) async throws(StoreError) {
        try await store.announce(host, now: now)
    }

    func retire(_ host: HostID, died: Bool, now: Timestamp) async throws(StoreError) {
        try await store.retire(host, died: died, now: now)
    }

    func hosts() async throws(StoreError) -> [Host] {
        try await store.hosts()
    }

    func append(_ events: [Event]) async throws(StoreError) {
        try await store.append(events)
    }

    func events(after: Int64, limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await store.events(after: after, limit: limit, filter: filter)
    }

    func latestEvents(limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await store.latestEvents(limit: limit, filter: filter)
    }

    func document(_ place: Place) async throws(StoreError) -> Document? { try await store.document(place) }

    func documents(_ key: String, after name: [UInt8]?, limit: Int) async throws(StoreError) -> [Document] {
        try await store.documents(key, after: name, limit: limit)
    }

    func due(_ feature: String, by now: Timestamp, limit: Int) async throws(StoreError) -> DueDocuments {
        try await store.due(feature, by: now, limit: limit)
    }

    @discardableResult
    func perform(_ steps: [Step]) async throws(StoreError) -> [StepResult] { try await store.perform(steps) }

    func export() async throws(StoreError) -> any TownReading {
        try await store.export()
    }

    func replaceAll(_ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?)
        async throws
    {
        try await store.replaceAll(terms, with: next)
    }

    func changes() async throws(StoreError) -> AsyncStream<Void> {
        try await store.changes()
    }

    func tidy(_ retention: Retention, now: Timestamp) async throws(StoreError) {
        try await store.tidy(retention, now: now)
    }
}
