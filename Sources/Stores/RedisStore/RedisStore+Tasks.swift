public import Model
import Redis

extension RedisStore {
    public func create(_ tasks: [NewTask]) async throws(StoreError) {
        _ = try await call("create", sends: tasks.count, now: tasks.first?.task.createdAt) { $0.add(tasks) }
    }

    @discardableResult
    public func move(_ task: TaskID, _ move: TaskMove, by: AgentID, announcement: MessageID, now: Timestamp)
        async throws(StoreError) -> AgentTask
    {
        try Self.task(
            try await call("move", sends: move.sends, now: now) { arguments in
                arguments.add(moving: task, move, by: by, announcement: announcement, now: now)
            })
    }

    public func offer(_ task: TaskID, to agent: AgentID, now: Timestamp) async throws(StoreError) -> OfferResult {
        let reply = try await call("offer") { arguments in
            arguments.add(task)
            arguments.add(agent)
            arguments.add(MessageID(offering: task, to: agent))
            arguments.add(now)
        }
        return reply.text.flatMap(OfferResult.init) ?? .taken
    }

    public func revise(_ revisions: [TaskRevision], now: Timestamp) async throws(StoreError) {
        _ = try await call("revise") { arguments in
            arguments.add(now)
            arguments.add(revisions.count)
            for revision in revisions {
                arguments.add(revision.task)
                arguments.add(revision.fields)
            }
        }
    }

    public func task(_ id: TaskID) async throws(StoreError) -> AgentTask? {
        AgentTask(fields: try await call("task", { $0.add(id) }).record)
    }

    /// One call looks at about a hundred tasks; a listing that has to look at more makes several.
    public func tasks(_ filter: TaskFilter, page: Page) async throws(StoreError) -> [AgentTask] {
        var found: [AgentTask] = []
        var (rank, skip) = (0, max(0, page.offset))
        while found.count < max(0, page.limit) {
            let (from, wanted) = (rank, skip + page.limit - found.count)
            let reply = try await call("tasks", rings: false) { arguments in
                arguments.add(Self.source(of: filter))
                arguments.add(from)
                arguments.add(Self.window)
                arguments.add(max(1, min(wanted, Self.window)))
                arguments.add(optional: filter.states.map { $0.map(\.rawValue).joined(separator: " ") })
                arguments.add(optional: filter.assignee?.description)
                arguments.add(optional: filter.inBacklog.map { $0 ? "1" : "0" })
                arguments.add(optional: filter.idPrefix)
                arguments.add(optional: filter.isWaiting.map { $0 ? "1" : "0" })
            }
            let tasks = reply[1].elements
            for task in tasks.dropFirst(skip).prefix(page.limit - found.count) { found.append(try Self.task(task)) }
            skip = max(0, skip - tasks.count)
            guard let next = reply[0].text.flatMap({ Int($0) }) else { break }
            rank = next
        }
        return found
    }

    private static let window = 500

    /// The narrowest of the lists that hold all tasks that fit.
    private static func source(of filter: TaskFilter) -> String {
        if let task = filter.needing { return "needing:\(task)" }
        if filter.inBacklog == true { return "backlog:order" }
        if let owner = filter.assignee {
            let isOpen = filter.states?.allSatisfy { !$0.isTerminal } ?? false
            return isOpen ? "open:\(owner)" : "owned:\(owner)"
        }
        if filter.isWaiting == true { return "tasks:waiting" }
        if let only = filter.states, only.count == 1, let state = only.first { return "tasks:state:\(state.rawValue)" }
        return "tasks"
    }

    public func taskCounts() async throws(StoreError) -> TaskCounts {
        let reply = try await call("taskCounts", rings: false)
        var counts = TaskCounts(backlog: reply[0].number)
        for (state, number) in reply[1].record {
            guard let state = TaskState(rawValue: state), let number = Figure.int(number, in: Figure.counts), number > 0
            else { continue }
            counts.byState[state] = number
        }
        return counts
    }
}
