package import Model
package import StoreVerbs

/// The rows of a `MemoryStore`: dictionaries, with a journal that undoes a verb.
package final class MemoryRecords: Records {
    private var deliveries: [Int64: Delivery] = [:]
    private var sequences: [MessageID: Int64] = [:]
    private var keys: [String: MessageID] = [:]
    private var boxes: [AgentID: Box] = [:]
    private var dead = Sorted()
    private var done = Sorted()
    private var assignments: [TaskID: Set<Int64>] = [:]
    private var leaseRows: [AgentID: LeaseRow] = [:]
    private var epochs: [AgentID: Int64] = [:]
    private var sendCounts: [AgentID: SendCount] = [:]
    private var agentRows: [AgentID: Agent] = [:]
    private var agentOrder: [AgentID] = []
    private var live: Set<AgentID> = []
    private var taskRows: [TaskID: AgentTask] = [:]
    private var taskOrder: [TaskID] = []
    private var needing: [TaskID: Set<TaskID>] = [:]
    private var owned: [AgentID: Set<TaskID>] = [:]
    private var counts = TaskCounts()
    private var hostRows: [HostID: Host] = [:]
    private var hostOrder: [HostID] = []
    private var log: [Event] = []
    private var agentLimit: Int?
    private var documents: [String: [[UInt8]: Document]] = [:]
    private var lastSequence: Int64 = 0

    // Inverse steps of the verb under way, oldest first.
    private var journal: [(MemoryRecords) -> Void] = []

    /// The inbox of one agent.
    private struct Box {
        var lanes = [Sorted(), Sorted()]
        var leased: Set<Int64> = []
        var types: [String: Int] = [:]
        var waking = 0
    }

    /// Whether the verb under way has changed anything.
    var hasChanged: Bool { !journal.isEmpty }

    /// Keeps what the verb did.
    func keep() { journal.removeAll(keepingCapacity: true) }

    /// Undoes what the verb did.
    func undo() {
        for step in journal.reversed() { step(self) }
        journal.removeAll(keepingCapacity: true)
    }

    private func undoing(_ step: @escaping (MemoryRecords) -> Void) { journal.append(step) }

    private func set<Key, Value>(
        _ table: ReferenceWritableKeyPath<MemoryRecords, [Key: Value]>, _ key: Key, _ value: Value?
    ) {
        let old = self[keyPath: table][key]
        self[keyPath: table][key] = value
        undoing { $0[keyPath: table][key] = old }
    }

    // MARK: Messages

    package func delivery(_ id: MessageID) -> Delivery? { sequences[id].flatMap { deliveries[$0] } }

    package func message(withKey key: String) -> MessageID? { keys[key] }

    @discardableResult
    package func insert(_ delivery: Delivery) -> Int64 {
        var delivery = delivery
        lastSequence += 1
        delivery.sequence = lastSequence
        set(\.sequences, delivery.message.id, delivery.sequence)
        if let key = delivery.message.idempotencyKey { set(\.keys, key, delivery.message.id) }
        place(delivery)
        undoing { $0.displace(delivery) }
        return delivery.sequence
    }

    package func update(_ delivery: Delivery, was old: Delivery) {
        displace(old)
        place(delivery)
        undoing {
            $0.displace(delivery)
            $0.place(old)
        }
    }

    package func remove(_ delivery: Delivery) {
        set(\.sequences, delivery.message.id, nil)
        if let key = delivery.message.idempotencyKey { set(\.keys, key, nil) }
        displace(delivery)
        undoing { $0.place(delivery) }
    }

    // Everything that is derived from a message's state changes here and in `displace`, and nowhere else.
    private func place(_ delivery: Delivery) { index(delivery, isThere: true) }
    private func displace(_ delivery: Delivery) { index(delivery, isThere: false) }

    private func index(_ delivery: Delivery, isThere: Bool) {
        let (sequence, message) = (delivery.sequence, delivery.message)
        deliveries[sequence] = isThere ? delivery : nil
        func change(_ sorted: inout Sorted) {
            if isThere { sorted.insert(sequence) } else { sorted.remove(sequence) }
        }
        switch delivery.state {
        case .queued:
            change(&boxes[message.to, default: Box()].lanes[message.lane.rawValue])
            boxes[message.to]!.types[message.body.type, default: 0] += isThere ? 1 : -1
            if message.body.wakes { boxes[message.to]!.waking += isThere ? 1 : -1 }
            if case .taskAssign(let task) = message.body {
                if isThere {
                    assignments[task, default: []].insert(sequence)
                } else {
                    assignments[task]?.remove(sequence)
                    if assignments[task]?.isEmpty == true { assignments[task] = nil }
                }
            }
        case .leased:
            if isThere {
                boxes[message.to, default: Box()].leased.insert(sequence)
            } else {
                boxes[message.to]?.leased.remove(sequence)
            }
        case .done: change(&done)
        case .dead: change(&dead)
        }
    }

    package func firstWaiting(_ agent: AgentID, limit: Int, now: Timestamp) -> [Delivery] { waiting(agent, 0, limit) }

    private func waiting(_ agent: AgentID, _ offset: Int, _ limit: Int) -> [Delivery] {
        guard let box = boxes[agent], limit > 0 else { return [] }
        let urgent = box.lanes[0].all.dropFirst(offset).prefix(limit)
        let skip = max(0, offset - box.lanes[0].count)
        let normal = box.lanes[1].all.dropFirst(skip).prefix(limit - urgent.count)
        return (urgent + normal).compactMap { deliveries[$0] }
    }

    package func leased(_ agent: AgentID) -> [Delivery] {
        (boxes[agent]?.leased ?? []).compactMap { deliveries[$0] }
            .sorted { ($0.message.lane, $0.sequence) < ($1.message.lane, $1.sequence) }
    }

    package func hasWork(_ agent: AgentID) -> Bool { (boxes[agent]?.waking ?? 0) > 0 }

    package func waitingAssignments(of task: TaskID) -> [Delivery] {
        (assignments[task] ?? []).sorted().compactMap { deliveries[$0] }
    }

    package func inbox(_ agent: AgentID, page: Page) -> [Delivery] {
        let leased = leased(agent)
        let first = leased.dropFirst(page.offset).prefix(max(0, page.limit))
        let offset = max(0, page.offset - leased.count)
        return first + waiting(agent, offset, page.limit - first.count)
    }

    package func deadLetters(page: Page) -> [Delivery] {
        let letters = dead.all.compactMap { deliveries[$0] }
            .sorted { ($0.changedAt, $0.sequence) > ($1.changedAt, $1.sequence) }
        return Array(letters.dropFirst(page.offset).prefix(max(0, page.limit)))
    }

    package func queueCounts() -> QueueCounts {
        var counts = QueueCounts(dead: dead.count)
        for box in boxes.values {
            counts.waiting += box.lanes[0].count + box.lanes[1].count
            counts.leased += box.leased.count
        }
        return counts
    }

    package func waitingCount(of agent: AgentID) -> Int { boxes[agent]?.types.values.reduce(0, +) ?? 0 }

    package func waitingCounts() -> [AgentID: [String: Int]] {
        boxes.mapValues { $0.types.filter { $0.value > 0 } }.filter { !$0.value.isEmpty }
    }

    // MARK: Leases

    package func lease(of agent: AgentID) -> LeaseRow? { leaseRows[agent] }

    package func leases() -> [LeaseRow] { leaseRows.values.sorted { $0.record.token.agent < $1.record.token.agent } }

    package func put(_ lease: LeaseRow) { set(\.leaseRows, lease.record.token.agent, lease) }

    package func removeLease(of agent: AgentID) { set(\.leaseRows, agent, nil) }

    package func nextEpoch(of agent: AgentID) -> Int64 {
        let epoch = epochs[agent, default: 0] + 1
        set(\.epochs, agent, epoch)
        return epoch
    }

    package func sendCount(of agent: AgentID) -> SendCount? { sendCounts[agent] }

    package func put(_ count: SendCount, of agent: AgentID) { set(\.sendCounts, agent, count) }

    // MARK: Agents

    package func agent(_ id: AgentID) -> Agent? { agentRows[id] }

    package func agents(onlyLive: Bool) -> [Agent] {
        agentOrder.compactMap { onlyLive && !live.contains($0) ? nil : agentRows[$0] }
    }

    package func insert(_ agent: Agent) {
        agentOrder.append(agent.id)
        undoing { $0.agentOrder.removeLast() }
        update(agent)
    }

    package func update(_ agent: Agent) {
        set(\.agentRows, agent.id, agent)
        let wasLive = live.contains(agent.id)
        setLive(agent.id, !agent.state.isTerminal)
        undoing { $0.setLive(agent.id, wasLive) }
    }

    package func remove(_ agent: AgentID) {
        guard let at = agentOrder.firstIndex(of: agent) else { return }
        agentOrder.remove(at: at)
        let wasLive = live.contains(agent)
        setLive(agent, false)
        undoing {
            $0.agentOrder.insert(agent, at: at)
            $0.setLive(agent, wasLive)
        }
        set(\.agentRows, agent, nil)
    }

    private func setLive(_ id: AgentID, _ isLive: Bool) {
        if isLive { live.insert(id) } else { live.remove(id) }
    }

    // MARK: Tasks

    package func task(_ id: TaskID) -> AgentTask? { taskRows[id] }

    package func insert(_ task: AgentTask) {
        taskOrder.append(task.id)
        count(task, 1)
        set(\.taskRows, task.id, task)
        undoing {
            $0.count(task, -1)
            $0.taskOrder.removeLast()
        }
    }

    package func update(_ task: AgentTask, was old: AgentTask) {
        count(old, -1)
        count(task, 1)
        set(\.taskRows, task.id, task)
        undoing {
            $0.count(task, -1)
            $0.count(old, 1)
        }
    }

    private func count(_ task: AgentTask, _ change: Int) {
        counts.byState[task.state, default: 0] += change
        if counts.byState[task.state] == 0 { counts.byState[task.state] = nil }
        if task.inBacklog { counts.backlog += change }
        for need in Set(task.dependsOn + (task.parent.map { [$0] } ?? [])) {
            if change > 0 { needing[need, default: []].insert(task.id) } else { needing[need]?.remove(task.id) }
        }
        guard let owner = task.assignedTo else { return }
        if change > 0 { owned[owner, default: []].insert(task.id) } else { owned[owner]?.remove(task.id) }
    }

    package func expectsWork(_ agent: AgentID) -> Bool {
        (owned[agent] ?? []).contains { taskRows[$0]?.isWaiting == true }
    }

    package func dependents(of task: TaskID) -> [AgentTask] {
        let ids = needing[task] ?? []
        return ids.isEmpty ? [] : ordered(ids)
    }

    private func ordered(_ ids: Set<TaskID>) -> [AgentTask] {
        taskOrder.lazy.filter { ids.contains($0) }.compactMap { self.taskRows[$0] }
    }

    package func tasks(_ filter: TaskFilter, page: Page) -> [AgentTask] {
        let fitting: [AgentTask] =
            if let task = filter.needing {
                dependents(of: task).filter(filter.fits)
            } else if let owner = filter.assignee {
                ordered(owned[owner] ?? []).filter(filter.fits)
            } else {
                taskOrder.lazy.compactMap { self.taskRows[$0] }.filter(filter.fits)
            }
        return Array(fitting.dropFirst(page.offset).prefix(max(0, page.limit)))
    }

    package func taskCounts() -> TaskCounts { counts }

    // MARK: Hosts, events, settings

    package func host(_ id: HostID) -> Host? { hostRows[id] }

    package func hosts() -> [Host] { hostOrder.compactMap { hostRows[$0] } }

    package func put(_ host: Host) {
        if hostRows[host.id] == nil {
            hostOrder.append(host.id)
            undoing { $0.hostOrder.removeLast() }
        }
        set(\.hostRows, host.id, host)
    }

    package func remove(_ host: HostID) {
        guard let at = hostOrder.firstIndex(of: host) else { return }
        hostOrder.remove(at: at)
        undoing { $0.hostOrder.insert(host, at: at) }
        set(\.hostRows, host, nil)
    }

    package func append(_ event: Event) {
        var event = event
        event.sequence = (log.last?.sequence ?? 0) + 1
        add(event)
    }

    private func add(_ event: Event) {
        log.append(event)
        undoing { $0.log.removeLast() }
    }

    package func events(after: Int64, limit: Int, filter: EventFilter) -> [Event] {
        var (low, high) = (0, log.count)
        while low < high {
            let middle = (low + high) / 2
            if log[middle].sequence > after { high = middle } else { low = middle + 1 }
        }
        return Array(log[low...].lazy.filter(filter.fits).prefix(max(0, limit)))
    }

    package func latestEvents(limit: Int, filter: EventFilter) -> [Event] {
        Array(log.reversed().lazy.filter(filter.fits).prefix(max(0, limit))).reversed()
    }

    // MARK: The whole town

    package func tasks(after position: Int64, limit: Int) -> [(position: Int64, task: AgentTask)] {
        taskOrder.enumerated().dropFirst(Int(clamping: max(0, position))).prefix(limit).compactMap { index, id in
            taskRows[id].map { (Int64(index + 1), $0) }  // fits: an index
        }
    }

    package func messages(after sequence: Int64, limit: Int) -> [Delivery] {
        deliveries.keys.filter { $0 > sequence }.sorted().prefix(limit).compactMap { deliveries[$0] }
    }

    package func restore(_ delivery: Delivery) throws(StoreError) {
        guard delivery.sequence > lastSequence else {
            throw StoreError(.corrupt, "message \(delivery.message.id) is out of order")
        }
        lastSequence = delivery.sequence - 1
        insert(delivery)
    }

    // MARK: Documents

    package func document(_ key: String, _ name: [UInt8]) -> Document? { documents[key]?[name] }

    package func kind(of key: String) -> Place.Kind? { documents[key]?.values.first?.place.kind }

    package func put(_ document: Document) { set(document.place, document) }

    package func remove(_ place: Place) { set(place, nil) }

    private func set(_ place: Place, _ document: Document?) {
        let old = documents[place.key]
        documents[place.key, default: [:]][place.name] = document
        if documents[place.key]?.isEmpty == true { documents[place.key] = nil }
        undoing { $0.documents[place.key] = old }
    }

    package func documents(_ key: String, after name: [UInt8]?, limit: Int) -> [Document] {
        let all = (documents[key] ?? [:]).values.filter { document in
            name.map { $0.lexicographicallyPrecedes(document.place.name) } ?? true
        }
        return Array(all.sorted { Place.isBefore($0.place, $1.place) }.prefix(max(0, limit)))
    }

    package func documents(after place: Place?, limit: Int) -> [Document] {
        let all = documents.values.flatMap(\.values).filter { document in
            place.map { Place.isBefore($0, document.place) } ?? true
        }
        return Array(all.sorted { Place.isBefore($0.place, $1.place) }.prefix(limit))
    }

    package func documents(dueOf feature: String, limit: Int) -> [Document] {
        let timed = documents.values.flatMap(\.values).filter { $0.dueAt != nil && $0.place.feature == feature }
        return Array(
            timed.sorted { $0.dueAt == $1.dueAt ? Place.isBefore($0.place, $1.place) : $0.dueAt! < $1.dueAt! }
                .prefix(limit))
    }

    package func restore(_ event: Event) throws(StoreError) {
        guard event.sequence > log.last?.sequence ?? 0 else {
            throw StoreError(.corrupt, "event \(event.sequence) is out of order")
        }
        add(event)
    }

    package func maxAgents() -> Int? { agentLimit }

    package func setMaxAgents(_ count: Int) {
        let old = agentLimit
        agentLimit = count
        undoing { $0.agentLimit = old }
    }

    package func removeEverything() {
        let mail = (deliveries, sequences, keys, boxes, dead, done, assignments)
        let people = (leaseRows, epochs, agentRows, agentOrder, live, agentLimit)
        let work = (taskRows, taskOrder, needing, owned, counts, log)
        let (kept, sent) = (documents, sendCounts)
        undoing { rows in
            rows.documents = kept
            rows.sendCounts = sent
            (rows.deliveries, rows.sequences, rows.keys, rows.boxes, rows.dead, rows.done, rows.assignments) = mail
            (rows.leaseRows, rows.epochs, rows.agentRows, rows.agentOrder, rows.live, rows.agentLimit) = people
            (rows.taskRows, rows.taskOrder, rows.needing, rows.owned, rows.counts, rows.log) = work
        }
        (deliveries, sequences, keys, boxes, dead, done, assignments) = ([:], [:], [:], [:], Sorted(), Sorted(), [:])
        (leaseRows, epochs, agentRows, agentOrder, live, agentLimit) = ([:], [:], [:], [], [], nil)
        (taskRows, taskOrder, needing, owned, counts) = ([:], [], [:], [:], TaskCounts())
        (documents, sendCounts) = ([:], [:])
        log = Array(log.suffix(1))
    }

    package func tidy(doneBefore: Timestamp, events: Int, limit: Int) -> Bool {
        var removed = 0
        let old = done.all.lazy.compactMap { self.deliveries[$0] }.filter { $0.changedAt < doneBefore }
        for delivery in Array(old.prefix(limit)) {
            remove(delivery)
            removed += 1
        }
        let surplus = min(log.count - max(1, events), limit)
        if surplus > 0 {
            let gone = Array(log.prefix(surplus))
            log.removeFirst(surplus)
            undoing { $0.log.insert(contentsOf: gone, at: 0) }
        }
        return removed == limit || surplus == limit
    }
}

extension EventFilter {
    fileprivate func fits(_ event: Event) -> Bool {
        (agent == nil || event.agent == agent) && (types?.contains(event.type) ?? true)
    }
}
