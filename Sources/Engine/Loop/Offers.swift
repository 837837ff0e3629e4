import Model

/// Offers tasks of the backlog to agents that have nothing to do (W20).
///
/// A task goes to one agent at a time and to each agent once, the oldest task first: so an agent that leaves everything
/// takes as many turns as there are tasks for its role, and then rests. The store keeps that promise; what it said is
/// remembered here only so that it is not asked again and again.
struct Offers {
    /// Of a longer backlog the oldest are offered first; the others follow as those go.
    private static let depth = 2000
    private static let page = 200

    private var known: Set<Pair> = []

    private struct Pair: Hashable {
        var agent: AgentID
        var task: TaskID
    }

    /// Offers each of `idle`, in their order, the first task that suits it and that it was not offered before.
    /// - Returns: whether anything was offered.
    /// - Throws: what the store says; the next look tries again.
    mutating func make(to idle: [Agent], store: any TaskStore, now: Timestamp) async throws(StoreError) -> Bool {
        guard !idle.isEmpty, try await store.taskCounts().backlog > 0 else { return false }
        var isAny = false
        if known.count > 100_000 { known = [] }
        var waiting = idle
        var page = Page(limit: Self.page)
        while !waiting.isEmpty, page.offset < Self.depth {
            let tasks = try await store.tasks(.backlog, page: page)
            var rest: [Agent] = []
            var taken: Set<TaskID> = []
            for agent in waiting {
                let isServed = try await offer(
                    tasks, to: agent, taken: &taken, offered: &isAny, store: store, now: now)
                if !isServed { rest.append(agent) }
            }
            waiting = rest
            if tasks.count < page.limit { break }
            page.offset += page.limit
        }
        return isAny
    }

    /// - Returns: whether nothing more is to be offered to the agent now.
    private mutating func offer(
        _ tasks: [AgentTask], to agent: Agent, taken: inout Set<TaskID>, offered: inout Bool, store: any TaskStore,
        now: Timestamp
    ) async throws(StoreError) -> Bool {
        for task in Self.suitable(tasks, for: agent) where !taken.contains(task.id) {
            let pair = Pair(agent: agent.id, task: task.id)
            if known.contains(pair) { continue }
            switch try await store.offer(task.id, to: agent.id, now: now) {
            case .offered:
                taken.insert(task.id)
                offered = true
                return true
            case .known: known.insert(pair)
            case .taken: taken.insert(task.id)
            case .busy: return true
            }
        }
        return false
    }

    /// What an agent would be offered of these, in their order: by its role and their tags alone (W43).
    static func suitable(_ tasks: [AgentTask], for agent: Agent) -> [AgentTask] {
        guard let role = agent.role else { return [] }
        return tasks.filter { BacklogMatch.suits(role: role, tags: $0.tags) }
    }
}
