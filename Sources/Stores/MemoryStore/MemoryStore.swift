public import Model
import StoreVerbs

/// A store without a disk, for tests and simulations: everything that the port promises but durability.
public actor MemoryStore: Store {
    private var rows = MemoryRecords()
    private let bell = ChangeBell()
    private var isClosed = false

    /// An empty store.
    public init() {}

    private func perform<Value>(
        rings: Bool = true, sends: Int = 0, now: Timestamp? = nil,
        _ verb: (Verbs<MemoryRecords>) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        if isClosed { throw StoreError(.closed, "the store is closed") }
        do throws(StoreError) {
            var verbs = Verbs(rows)
            if let turn = ActingTurn.current { try verbs.begin(turn, sends: sends, now: now) }
            let value = try verb(verbs)
            let hasChanged = rows.hasChanged
            rows.keep()
            if hasChanged, rings { bell.ring() }
            return value
        } catch {
            rows.undo()
            throw error
        }
    }

    // MARK: Messages

    public func send(_ messages: [Message], limits: SendLimits) throws(StoreError) -> [Receipt] {
        try perform(sends: messages.count, now: messages.first?.createdAt) { verbs throws(StoreError) in
            try verbs.send(messages, limits: limits)
        }
    }

    public func inbox(_ agent: AgentID, page: Page) throws(StoreError) -> [Delivery] {
        try perform { verbs throws(StoreError) in verbs.rows.inbox(agent, page: page) }
    }

    public func take(_ agent: AgentID, limit: Int, now: Timestamp) throws(StoreError) -> [Delivery] {
        try perform { verbs throws(StoreError) in try verbs.take(agent, limit: limit, now: now) }
    }

    public func acknowledge(_ message: MessageID, of agent: AgentID, now: Timestamp) throws(StoreError) -> Bool {
        try perform { verbs throws(StoreError) in try verbs.acknowledge(message, of: agent, now: now) }
    }

    public func delivery(_ id: MessageID) throws(StoreError) -> Delivery? {
        try perform { verbs throws(StoreError) in verbs.rows.delivery(id) }
    }

    public func deadLetters(page: Page) throws(StoreError) -> [Delivery] {
        try perform { verbs throws(StoreError) in verbs.rows.deadLetters(page: page) }
    }

    public func retryDead(_ id: MessageID, to agent: AgentID?, now: Timestamp) throws(StoreError) {
        try perform { verbs throws(StoreError) in try verbs.retryDead(id, to: agent, now: now) }
    }

    public func dropDead(_ id: MessageID, now: Timestamp) throws(StoreError) {
        try perform { verbs throws(StoreError) in try verbs.dropDead(id, now: now) }
    }

    public func queueCounts() throws(StoreError) -> QueueCounts {
        try perform { verbs throws(StoreError) in verbs.rows.queueCounts() }
    }

    public func waitingCounts() throws(StoreError) -> [AgentID: [String: Int]] {
        try perform { verbs throws(StoreError) in verbs.rows.waitingCounts() }
    }

    // MARK: Turns

    public func lease(_ request: LeaseRequest) throws(StoreError) -> Lease? {
        try perform { verbs throws(StoreError) in try verbs.lease(request) }
    }

    public func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) throws(StoreError) {
        try perform(rings: false) { verbs throws(StoreError) in try verbs.renew(token, until: until, now: now) }
    }

    public func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) throws(StoreError) {
        try perform(rings: false) { verbs throws(StoreError) in try verbs.note(token, session: session, now: now) }
    }

    public func commit(_ turn: TurnCommit) throws(StoreError) -> CommitSummary {
        try perform { verbs throws(StoreError) in try verbs.commit(turn) }
    }

    public func release(
        _ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp
    ) throws(StoreError) {
        try perform { verbs throws(StoreError) in
            try verbs.release(token, cause: cause, maxHostDeaths: maxHostDeaths, now: now)
        }
    }

    public func leases() throws(StoreError) -> [LeaseRecord] {
        try perform { verbs throws(StoreError) in verbs.rows.leases().map(\.record) }
    }

    // MARK: Agents

    public func register(_ agent: Agent, maxAgents: Int) throws(StoreError) {
        try perform { verbs throws(StoreError) in try verbs.register(agent, maxAgents: maxAgents) }
    }

    @discardableResult
    public func change(_ agent: AgentID, _ change: AgentChange, now: Timestamp) throws(StoreError) -> Agent {
        try perform { verbs throws(StoreError) in try verbs.change(agent, change, now: now) }
    }

    public func remove(_ agent: AgentID, now: Timestamp) throws(StoreError) -> Removal {
        try perform { verbs throws(StoreError) in try verbs.remove(agent, now: now) }
    }

    public func reclaim(from agent: AgentID, to destination: Destination, now: Timestamp) throws(StoreError)
        -> Reclaimed
    {
        try perform { verbs throws(StoreError) in try verbs.reclaim(from: agent, to: destination, now: now) }
    }

    public func reset(now: Timestamp) throws(StoreError) {
        try perform { verbs throws(StoreError) in try verbs.reset(now: now) }
    }

    public func agents() throws(StoreError) -> [Agent] {
        try perform { verbs throws(StoreError) in verbs.rows.agents(onlyLive: false) }
    }

    public func agent(_ id: AgentID) throws(StoreError) -> Agent? {
        try perform { verbs throws(StoreError) in verbs.rows.agent(id) }
    }

    public func pulse() throws(StoreError) -> [AgentPulse] {
        try perform { verbs throws(StoreError) in try verbs.pulse() }
    }

    // MARK: Tasks

    public func create(_ tasks: [NewTask]) throws(StoreError) {
        try perform(sends: tasks.count, now: tasks.first?.task.createdAt) { verbs throws(StoreError) in
            try verbs.create(tasks)
        }
    }

    @discardableResult
    public func move(_ task: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        throws(StoreError) -> AgentTask
    {
        try perform(sends: move.sends, now: now) { verbs throws(StoreError) in
            try verbs.move(task, move, by: by, announcement: announcement, now: now)
        }
    }

    public func offer(_ task: TaskID, to agent: AgentID, now: Timestamp) throws(StoreError) -> OfferResult {
        try perform { verbs throws(StoreError) in try verbs.offer(task, to: agent, now: now) }
    }

    public func revise(_ revisions: [TaskRevision], now: Timestamp) throws(StoreError) {
        try perform { verbs throws(StoreError) in try verbs.revise(revisions, now: now) }
    }

    public func task(_ id: TaskID) throws(StoreError) -> AgentTask? {
        try perform { verbs throws(StoreError) in verbs.rows.task(id) }
    }

    public func tasks(_ filter: TaskFilter, page: Page) throws(StoreError) -> [AgentTask] {
        try perform { verbs throws(StoreError) in verbs.rows.tasks(filter, page: page) }
    }

    public func taskCounts() throws(StoreError) -> TaskCounts {
        try perform { verbs throws(StoreError) in verbs.rows.taskCounts() }
    }

    // MARK: Hosts, events, life

    public func announce(_ host: Host, now: Timestamp) throws(StoreError) {
        let isNew = try perform(rings: false) { verbs throws(StoreError) in try verbs.announce(host, now: now) }
        if isNew { bell.ring() }
    }

    public func retire(_ host: HostID, died: Bool, now: Timestamp) throws(StoreError) {
        try perform { verbs throws(StoreError) in try verbs.retire(host, died: died, now: now) }
    }

    public func hosts() throws(StoreError) -> [Host] {
        try perform { verbs throws(StoreError) in verbs.rows.hosts() }
    }

    public func append(_ events: [Event]) throws(StoreError) {
        try perform { verbs throws(StoreError) in try verbs.append(events) }
    }

    public func events(after: Int64, limit: Int, filter: EventFilter) throws(StoreError) -> [Event] {
        try perform { verbs throws(StoreError) in verbs.rows.events(after: after, limit: limit, filter: filter) }
    }

    public func latestEvents(limit: Int, filter: EventFilter) throws(StoreError) -> [Event] {
        try perform { verbs throws(StoreError) in verbs.rows.latestEvents(limit: limit, filter: filter) }
    }

    // MARK: Documents

    public func document(_ place: Place) throws(StoreError) -> Document? {
        try perform { verbs throws(StoreError) in try verbs.document(place) }
    }

    public func documents(_ key: String, after name: [UInt8]?, limit: Int) throws(StoreError) -> [Document] {
        try perform { verbs throws(StoreError) in verbs.rows.documents(key, after: name, limit: limit) }
    }

    public func due(_ feature: String, by now: Timestamp, limit: Int) throws(StoreError) -> DueDocuments {
        try perform { verbs throws(StoreError) in try verbs.due(feature, by: now, limit: limit) }
    }

    @discardableResult
    public func perform(_ steps: [Step]) throws(StoreError) -> [StepResult] {
        let sends = steps.sends
        return try perform(sends: sends.count, now: sends.now) { verbs throws(StoreError) in try verbs.perform(steps) }
    }

    // MARK: The whole town

    public func export() throws(StoreError) -> any TownReading {
        try perform { verbs throws(StoreError) in
            var cursor = ExportCursor()
            var pieces: [[TownRecord]] = []
            while let records = try verbs.next(&cursor, limit: .max) { pieces.append(records) }
            return Reading(pieces)
        }
    }

    private actor Reading: TownReading {
        private var pieces: [[TownRecord]]
        init(_ pieces: [[TownRecord]]) { self.pieces = pieces.reversed() }
        func next() -> [TownRecord]? { pieces.popLast() }
        func close() { pieces = [] }
    }

    public func replaceAll(
        _ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?
    ) async throws {
        try perform { verbs throws(StoreError) in try verbs.checkReplacement(terms) }
        let new = MemoryRecords()
        while let records = try await next() {
            try Verbs(new).restore(records)
            new.keep()
        }
        // Others may have come meanwhile.
        try perform { verbs throws(StoreError) in try verbs.checkReplacement(terms) }
        rows = new
        bell.ring()
    }

    public func changes() throws(StoreError) -> AsyncStream<Void> {
        if isClosed { throw StoreError(.closed, "the store is closed") }
        return bell.follow()
    }

    public func tidy(_ retention: Retention, now: Timestamp) throws(StoreError) {
        _ = try perform(rings: false) { verbs throws(StoreError) in
            verbs.rows.tidy(doneBefore: now - retention.doneMessages, events: retention.events, limit: .max)
        }
    }

    public func close() {
        isClosed = true
        bell.close()
    }
}
