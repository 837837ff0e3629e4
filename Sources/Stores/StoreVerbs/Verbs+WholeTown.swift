public import Model

/// Where the reading of a whole town has got to.
public struct ExportCursor: Sendable {
    fileprivate enum Stage { case agents, tasks, messages, documents, events, done }

    fileprivate var stage = Stage.agents
    fileprivate var last: Int64 = 0
    fileprivate var place: Place?

    /// The beginning.
    public init() {}

    fileprivate mutating func enter(_ stage: Stage) {
        self.stage = stage
        last = 0
    }
}

extension Verbs {
    /// The next records of the whole town, or nil after the last; see `TownReading.next`. Every call belongs to the
    /// same moment: the caller keeps one transaction open.
    public func next(_ cursor: inout ExportCursor, limit: Int = 200) throws(StoreError) -> [TownRecord]? {
        while true {
            var records: [TownRecord] = []
            switch cursor.stage {
            case .agents:
                if let limit = try rows.maxAgents() { records.append(.agentLimit(limit)) }
                for agent in try rows.agents(onlyLive: false) { records.append(.agent(Self.atRest(agent))) }
                cursor.enter(.tasks)
            case .tasks:
                let tasks = try rows.tasks(after: cursor.last, limit: limit)
                records = tasks.map { .task($0.task) }
                if let last = tasks.last { cursor.last = last.position } else { cursor.enter(.messages) }
            case .messages:
                let messages = try rows.messages(after: cursor.last, limit: limit)
                records = messages.map { .message(Self.atRest($0)) }
                if let last = messages.last { cursor.last = last.sequence } else { cursor.enter(.documents) }
            case .documents:
                let documents = try rows.documents(after: cursor.place, limit: limit)
                records = documents.filter { !$0.place.isOfProcess }.map { .kept($0) }
                if let last = documents.last { cursor.place = last.place } else { cursor.enter(.events) }
            case .events:
                let events = try rows.events(after: cursor.last, limit: limit, filter: EventFilter())
                records = events.map { .event($0) }
                if let last = events.last { cursor.last = last.sequence } else { cursor.enter(.done) }
            case .done: return nil
            }
            if !records.isEmpty { return records }
        }
    }

    // As if its turn had been put back, whichever it was.
    private static func atRest(_ agent: Agent) -> Agent {
        var agent = agent
        if let state = try? agent.state.after(.turnEnded), agent.state == .working { agent.state = state }
        agent.pinnedTo = nil
        return agent
    }

    private static func atRest(_ delivery: Delivery) -> Delivery {
        var delivery = delivery
        if delivery.state == .leased { delivery.state = .queued }
        return delivery
    }

    /// Whether the town may be replaced; see `Store.replaceAll`.
    public func checkReplacement(_ terms: ReplaceTerms) throws(StoreError) {
        if let host = try rows.hosts().first(where: { !terms.deadHosts.contains($0.id) }) {
            throw StoreError(.inUse, "a host works in this town (process \(host.pid)); end it first: tt stop")
        }
        guard !terms.overwrites else { return }
        let agents = try rows.agents(onlyLive: false).count
        let tasks = try rows.taskCounts().byState.values.reduce(0, +)
        let messages = try rows.messages(after: 0, limit: 1)
        if agents > 0 || tasks > 0 || !messages.isEmpty {
            throw StoreError(.notEmpty, "this town already has \(agents.of("agent")) and \(tasks.of("task"))")
        }
        if let first = try rows.documents(after: nil, limit: 1).first, !first.place.isOfProcess {
            throw StoreError(.notEmpty, "this town already has documents (\(first.place.key))")
        }
    }

    /// Adds records to a town that holds nothing else.
    public func restore(_ records: [TownRecord]) throws(StoreError) {
        for record in records {
            do throws(InvalidRecord) { _ = try record.validated() } catch {
                throw StoreError(.corrupt, error.description)
            }
            switch record {
            case .agentLimit(let limit): try rows.setMaxAgents(limit)
            case .agent(let agent):
                if try rows.agent(agent.id) != nil { throw Self.twice("agent", agent.id.description) }
                try rows.insert(agent)
            case .task(let task):
                if try rows.task(task.id) != nil { throw Self.twice("task", task.id.description) }
                try rows.insert(task)
            case .message(let delivery):
                if try rows.delivery(delivery.message.id) != nil {
                    throw Self.twice("message", delivery.message.id.description)
                }
                guard delivery.state != .leased else {
                    throw StoreError(.corrupt, "message \(delivery.message.id) belongs to a turn that is not there")
                }
                try rows.restore(delivery)
            case .kept(let document): try restore(document)
            case .event(let event): try rows.restore(event)
            }
        }
    }

    private func restore(_ document: Document) throws(StoreError) {
        let place = document.place
        if try rows.document(place.key, place.name) != nil { throw Self.twice("an entry of", place.key) }
        if let kind = try rows.kind(of: place.key), kind != place.kind { throw Self.mixed(place, kind) }
        try rows.put(document)
    }

    private static func twice(_ kind: String, _ id: String) -> StoreError {
        StoreError(.corrupt, "\(kind) \(id) is there twice")
    }
}
