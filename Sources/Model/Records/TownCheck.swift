/// Checks the records of a whole town against each other, while they come by one after the other.
public struct TownCheck: Sendable {
    /// How deep tasks may be parts of parts: the end of one is handed on from each to the next.
    public static let deepest = 100

    private var agents: Set<AgentID> = []
    private var tasks: [TaskID: (parent: TaskID?, needs: [TaskID])] = [:]
    private var order: [TaskID] = []
    private var lastMessage: Int64 = 0
    private var lastEvent: Int64 = 0
    /// The CLIs of the agents, each once, in their order.
    public private(set) var clis: [String] = []

    public init() {}

    /// Takes the next record, and checks it by itself and against those before it.
    /// - Throws: what is wrong with it.
    public mutating func take(_ record: TownRecord) throws(InvalidRecord) {
        switch try record.validated() {
        case .agentLimit, .kept: break
        case .agent(let agent):
            guard agents.insert(agent.id).inserted else { throw Self.twice("agent \(agent.id)") }
            if !clis.contains(agent.cli) { clis.append(agent.cli) }
        case .task(let task):
            guard tasks.updateValue((task.parent, task.dependsOn), forKey: task.id) == nil else {
                throw Self.twice("task \(task.id)")
            }
            order.append(task.id)
        case .message(let delivery):
            guard delivery.sequence > lastMessage else {
                throw InvalidRecord("message \(delivery.message.id)", "its number is not greater than the one before")
            }
            guard delivery.state != .leased else {
                throw InvalidRecord("message \(delivery.message.id)", "it belongs to a turn that is not there")
            }
            lastMessage = delivery.sequence
        case .event(let event):
            guard event.sequence > lastEvent else {
                throw InvalidRecord("event \(event.sequence)", "its number is not greater than the one before")
            }
            lastEvent = event.sequence
        }
    }

    /// Checks what can be known only at the end: that no tasks wait for each other, and none is too deep inside others.
    /// - Throws: what is wrong.
    public func finish() throws(InvalidRecord) {
        for id in order {
            var (next, seen) = (tasks[id]?.parent, Set([id]))
            while let parent = next {
                guard seen.insert(parent).inserted else {
                    throw InvalidRecord("task \(id)", "it is a part of itself")
                }
                guard seen.count <= Self.deepest else {
                    throw InvalidRecord("task \(id)", "it is a part of more than \(Self.deepest) others")
                }
                next = tasks[parent]?.parent
            }
        }
        try checkCycles()
    }

    private func checkCycles() throws(InvalidRecord) {
        var finished: Set<TaskID> = []
        for root in order where !finished.contains(root) {
            var way = [(id: root, rest: (tasks[root]?.needs ?? [])[...])]
            var onWay: Set<TaskID> = [root]
            while let last = way.indices.last {
                guard let next = way[last].rest.popFirst() else {
                    finished.insert(way[last].id)
                    onWay.remove(way.removeLast().id)
                    continue
                }
                guard !onWay.contains(next) else {
                    throw InvalidRecord("task \(next)", "it waits for itself")
                }
                if finished.contains(next) { continue }
                way.append((next, (tasks[next]?.needs ?? [])[...]))
                onWay.insert(next)
            }
        }
    }

    private static func twice(_ record: String) -> InvalidRecord { InvalidRecord(record, "it is there twice") }
}
