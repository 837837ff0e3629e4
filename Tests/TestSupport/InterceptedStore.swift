public import Model

/// Stands between a program and a store: decides what becomes of each call before it, after it, or in place of it.
public protocol StoreInterceptor: Sendable {
    /// - Parameters:
    ///   - verb: the name of the store's function: `commit`.
    ///   - call: carries it out.
    func around<Answer: Sendable>(
        _ verb: String, _ call: () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer

    /// Hears what the store did, even if the caller never learns it.
    func happened(_ deed: StoreDeed)
}

extension StoreInterceptor {
    public func happened(_ deed: StoreDeed) {}
}

/// What a store did, as far as somebody may want to count it.
public enum StoreDeed: Sendable {
    /// These messages were sent, by themselves or in a batch.
    case sent([Message], [Receipt])
    /// A turn began.
    case leased(Lease)
    /// A turn ended.
    case committed(TurnCommit)
    /// A turn was put back.
    case released(LeaseToken)
    /// An agent changed.
    case changed(AgentID, AgentChange)
    /// A task was offered to an agent for the first time.
    case offered(TaskID, AgentID)
    /// These tasks were created.
    case created([NewTask])
    /// A host made itself known, or said that it is still there.
    case announced(Host)
}

/// A store that is reached through an interceptor.
public struct InterceptedStore<Interceptor: StoreInterceptor>: Store {
    private let inner: any Store
    private let interceptor: Interceptor
    private let owns: Bool

    /// - Parameter owns: whether closing this closes the store behind it.
    public init(_ inner: any Store, _ interceptor: Interceptor, owns: Bool = true) {
        (self.inner, self.interceptor, self.owns) = (inner, interceptor, owns)
    }

    public func send(_ messages: [Message], limits: SendLimits) async throws(StoreError) -> [Receipt] {
        try await interceptor.around("send") { () async throws(StoreError) in
            let receipts = try await inner.send(messages, limits: limits)
            interceptor.happened(.sent(messages, receipts))
            return receipts
        }
    }
    public func inbox(_ agent: AgentID, page: Page) async throws(StoreError) -> [Delivery] {
        try await interceptor.around("inbox") { () async throws(StoreError) in try await inner.inbox(agent, page: page)
        }
    }
    public func take(_ agent: AgentID, limit: Int, now: Timestamp) async throws(StoreError) -> [Delivery] {
        try await interceptor.around("take") { () async throws(StoreError) in
            try await inner.take(agent, limit: limit, now: now)
        }
    }
    public func acknowledge(_ message: MessageID, of agent: AgentID, now: Timestamp) async throws(StoreError) -> Bool {
        try await interceptor.around("acknowledge") { () async throws(StoreError) in
            try await inner.acknowledge(message, of: agent, now: now)
        }
    }
    public func delivery(_ id: MessageID) async throws(StoreError) -> Delivery? {
        try await interceptor.around("delivery") { () async throws(StoreError) in try await inner.delivery(id) }
    }
    public func deadLetters(page: Page) async throws(StoreError) -> [Delivery] {
        try await interceptor.around("deadLetters") { () async throws(StoreError) in
            try await inner.deadLetters(page: page)
        }
    }
    public func retryDead(_ id: MessageID, to agent: AgentID?, now: Timestamp) async throws(StoreError) {
        try await interceptor.around("retryDead") { () async throws(StoreError) in
            try await inner.retryDead(id, to: agent, now: now)
        }
    }
    public func dropDead(_ id: MessageID, now: Timestamp) async throws(StoreError) {
        try await interceptor.around("dropDead") { () async throws(StoreError) in try await inner.dropDead(id, now: now)
        }
    }
    public func queueCounts() async throws(StoreError) -> QueueCounts {
        try await interceptor.around("queueCounts") { () async throws(StoreError) in try await inner.queueCounts() }
    }
    public func waitingCounts() async throws(StoreError) -> [AgentID: [String: Int]] {
        try await interceptor.around("waitingCounts") { () async throws(StoreError) in try await inner.waitingCounts() }
    }
    public func lease(_ request: LeaseRequest) async throws(StoreError) -> Lease? {
        try await interceptor.around("lease") { () async throws(StoreError) in
            let lease = try await inner.lease(request)
            if let lease { interceptor.happened(.leased(lease)) }
            return lease
        }
    }
    public func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) async throws(StoreError) {
        try await interceptor.around("renew") { () async throws(StoreError) in
            try await inner.renew(token, until: until, now: now)
        }
    }
    public func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) async throws(StoreError) {
        try await interceptor.around("note") { () async throws(StoreError) in
            try await inner.note(token, session: session, now: now)
        }
    }
    public func commit(_ turn: TurnCommit) async throws(StoreError) -> Agent {
        try await interceptor.around("commit") { () async throws(StoreError) in
            let summary = try await inner.commit(turn)
            interceptor.happened(.committed(turn))
            return summary
        }
    }
    public func release(_ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp)
        async throws(StoreError)
    {
        try await interceptor.around("release") { () async throws(StoreError) in
            try await inner.release(token, cause: cause, maxHostDeaths: maxHostDeaths, now: now)
            interceptor.happened(.released(token))
        }
    }
    public func leases() async throws(StoreError) -> [LeaseRecord] {
        try await interceptor.around("leases") { () async throws(StoreError) in try await inner.leases() }
    }
    public func register(_ agent: Agent, maxAgents: Int) async throws(StoreError) {
        try await interceptor.around("register") { () async throws(StoreError) in
            try await inner.register(agent, maxAgents: maxAgents)
        }
    }
    public func change(_ agent: AgentID, _ change: AgentChange, now: Timestamp) async throws(StoreError) -> Agent {
        try await interceptor.around("change") { () async throws(StoreError) in
            let new = try await inner.change(agent, change, now: now)
            interceptor.happened(.changed(agent, change))
            return new
        }
    }
    public func remove(_ agent: AgentID, now: Timestamp) async throws(StoreError) -> Removal {
        try await interceptor.around("remove") { () async throws(StoreError) in try await inner.remove(agent, now: now)
        }
    }
    public func reclaim(from agent: AgentID, to destination: Destination, now: Timestamp) async throws(StoreError)
        -> Reclaimed
    {
        try await interceptor.around("reclaim") { () async throws(StoreError) in
            try await inner.reclaim(from: agent, to: destination, now: now)
        }
    }
    public func reset(now: Timestamp) async throws(StoreError) {
        try await interceptor.around("reset") { () async throws(StoreError) in try await inner.reset(now: now) }
    }
    public func agents() async throws(StoreError) -> [Agent] {
        try await interceptor.around("agents") { () async throws(StoreError) in try await inner.agents() }
    }
    public func agent(_ id: AgentID) async throws(StoreError) -> Agent? {
        try await interceptor.around("agent") { () async throws(StoreError) in try await inner.agent(id) }
    }
    public func pulse() async throws(StoreError) -> [AgentPulse] {
        try await interceptor.around("pulse") { () async throws(StoreError) in try await inner.pulse() }
    }
    public func create(_ tasks: [NewTask]) async throws(StoreError) {
        try await interceptor.around("create") { () async throws(StoreError) in
            try await inner.create(tasks)
            interceptor.happened(.created(tasks))
        }
    }
    public func move(_ task: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        async throws(StoreError) -> AgentTask
    {
        try await interceptor.around("move") { () async throws(StoreError) in
            try await inner.move(task, move, by: by, announcement: announcement, now: now)
        }
    }
    public func offer(_ task: TaskID, to agent: AgentID, now: Timestamp) async throws(StoreError) -> OfferResult {
        try await interceptor.around("offer") { () async throws(StoreError) in
            let result = try await inner.offer(task, to: agent, now: now)
            if result == .offered { interceptor.happened(.offered(task, agent)) }
            return result
        }
    }
    public func revise(_ revisions: [TaskRevision], now: Timestamp) async throws(StoreError) {
        try await interceptor.around("revise") { () async throws(StoreError) in
            try await inner.revise(revisions, now: now)
        }
    }
    public func task(_ id: TaskID) async throws(StoreError) -> AgentTask? {
        try await interceptor.around("task") { () async throws(StoreError) in try await inner.task(id) }
    }
    public func tasks(_ filter: TaskFilter, page: Page) async throws(StoreError) -> [AgentTask] {
        try await interceptor.around("tasks") { () async throws(StoreError) in try await inner.tasks(filter, page: page)
        }
    }
    public func taskCounts() async throws(StoreError) -> TaskCounts {
        try await interceptor.around("taskCounts") { () async throws(StoreError) in try await inner.taskCounts() }
    }
    public func announce(_ host: Host, now: Timestamp) async throws(StoreError) {
        try await interceptor.around("announce") { () async throws(StoreError) in
            try await inner.announce(host, now: now)
            interceptor.happened(.announced(host))
        }
    }
    public func retire(_ host: HostID, died: Bool, now: Timestamp) async throws(StoreError) {
        try await interceptor.around("retire") { () async throws(StoreError) in
            try await inner.retire(host, died: died, now: now)
        }
    }
    public func hosts() async throws(StoreError) -> [Host] {
        try await interceptor.around("hosts") { () async throws(StoreError) in try await inner.hosts() }
    }
    public func append(_ events: [Event]) async throws(StoreError) {
        try await interceptor.around("append") { () async throws(StoreError) in try await inner.append(events) }
    }
    public func events(after: Int64, limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await interceptor.around("events") { () async throws(StoreError) in
            try await inner.events(after: after, limit: limit, filter: filter)
        }
    }
    public func latestEvents(limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await interceptor.around("latestEvents") { () async throws(StoreError) in
            try await inner.latestEvents(limit: limit, filter: filter)
        }
    }
    public func document(_ place: Place) async throws(StoreError) -> Document? {
        try await interceptor.around("document") { () async throws(StoreError) in try await inner.document(place) }
    }
    public func documents(_ key: String, after name: [UInt8]?, limit: Int) async throws(StoreError) -> [Document] {
        try await interceptor.around("documents") { () async throws(StoreError) in
            try await inner.documents(key, after: name, limit: limit)
        }
    }
    public func due(_ feature: String, by now: Timestamp, limit: Int) async throws(StoreError) -> DueDocuments {
        try await interceptor.around("due") { () async throws(StoreError) in
            try await inner.due(feature, by: now, limit: limit)
        }
    }
    @discardableResult
    public func perform(_ steps: [Step]) async throws(StoreError) -> [StepResult] {
        try await interceptor.around("perform") { () async throws(StoreError) in try await inner.perform(steps) }
    }
    public func export() async throws(StoreError) -> any TownReading {
        try await interceptor.around("export") { () async throws(StoreError) in try await inner.export() }
    }
    public func replaceAll(_ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?)
        async throws
    {
        try await inner.replaceAll(terms, with: next)
    }
    public func changes() async throws(StoreError) -> AsyncStream<Void> {
        try await interceptor.around("changes") { () async throws(StoreError) in try await inner.changes() }
    }
    public func tidy(_ retention: Retention, now: Timestamp) async throws(StoreError) {
        try await interceptor.around("tidy") { () async throws(StoreError) in try await inner.tidy(retention, now: now)
        }
    }
    public func close() async { if owns { await inner.close() } }
}
