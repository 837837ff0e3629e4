public import Model

/// Moves the work of agents that have ended, or that nobody knows any more, to others. Without a destination it only
/// lists that work, and changes nothing (W3).
public struct ReclaimWork: Operation {
    public static let spec = OperationSpec(
        "task.reclaim", "List or move the work of stopped agents", .write, aliases: ["recovery.reclaim_tasks"],
        route: .post("/v1/tasks/reclaim"),
        effect: .bringsWork, errors: [.agentNotFound, .conflict])

    public struct Input: Codable, Sendable, Equatable {
        /// A reference to the only agent to look at; nil means all that have ended.
        public var from: String?
        /// A reference to the agent that gets it.
        public var to: String?
        public var toBacklog: Bool?

        enum CodingKeys: String, CodingKey {
            case from, to
            case toBacklog = "to_backlog"
        }

        public init(from: String? = nil, to: String? = nil, toBacklog: Bool? = nil) {
            self.from = from
            self.to = to
            self.toBacklog = toBacklog
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// Agents that leave something, in the order in which they were registered, then unknown ones.
        public var agents: [OrphanedWork]
        /// False for a preview.
        public var moved: Bool
        /// The label of the agent that got it.
        @OrNull public var destination: String?

        enum CodingKeys: String, CodingKey {
            case agents, destination
            case moved = "done"
        }
    }

    public static func hasEffect(_ output: Output) -> Bool { output.agents.contains { $0.moved > 0 } }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        guard input.to == nil || input.toBacklog != true else {
            throw OperationError(
                .invalid, "work goes to the backlog or to one agent, not to both", hint: "choose one of them")
        }
        let agents = try await town.store.agents()
        let target = try await target(input, agents, town)
        var output = Output(agents: [], moved: target != nil || input.toBacklog == true)
        output.destination = target?.label
        for (id, agent) in try await sources(input, agents, town) {
            if target?.id == id { continue }
            var work = try await OrphanedWork(id, agent, town)
            if work.isEmpty { continue }
            if output.moved {
                let destination: Destination = target.map { .agent($0.id) } ?? .backlog
                do throws(StoreError) {
                    let reclaimed = try await town.store.reclaim(from: id, to: destination, now: town.time.now())
                    work.take(reclaimed, destination)
                } catch {
                    // It may have been restarted meanwhile; then its work is its own again.
                    guard error.code == .illegalMove, input.from == nil else { throw error }
                    continue
                }
            }
            output.agents.append(work)
        }
        return output
    }

    private static func target(_ input: Input, _ agents: [Agent], _ town: OpenTown) async throws -> Agent? {
        guard let reference = input.to else { return nil }
        guard case .agent(let target) = try await town.party(reference, among: agents) else {
            throw OperationError(.invalid, "the supervisor is a mailbox, not an agent", hint: "name an agent")
        }
        guard !target.state.isTerminal else {
            throw OperationError(
                .conflict, "agent '\(target.name)' has ended itself (\(target.state.rawValue))",
                .operation("agent.restart", ["agent": target.name], why: "bring it back first"))
        }
        return target
    }

    private static func sources(_ input: Input, _ agents: [Agent], _ town: OpenTown) async throws -> [(AgentID, Agent?)]
    {
        if let reference = input.from {
            if let id = AgentID(reference), id != .supervisor, !agents.contains(where: { $0.id == id }) {
                return [(id, nil)]
            }
            guard case .agent(let agent) = try await town.party(reference, among: agents) else {
                throw OperationError(.invalid, "the supervisor is a mailbox, not an agent", hint: "name an agent")
            }
            guard agent.state.isTerminal else {
                throw OperationError(
                    .conflict, "agent '\(agent.name)' is \(agent.state.rawValue): its work is not orphaned",
                    .operation("agent.kill", ["agent": agent.name], why: "stop it first with"))
            }
            return [(agent.id, agent)]
        }
        let ended = agents.filter(\.state.isTerminal).map { ($0.id, Optional($0)) }
        return ended + (try await unknownOwners(agents, town)).map { ($0, nil) }
    }

    /// Owners of open tasks that are not on the town's list.
    private static func unknownOwners(_ agents: [Agent], _ town: OpenTown) async throws -> [AgentID] {
        var known = Set(agents.map(\.id)).union([.supervisor])
        var unknown: [AgentID] = []
        var page = Page(limit: 1000)
        while true {
            let open = TaskFilter(states: [.pending, .assigned, .running], inBacklog: false)
            let tasks = try await town.store.tasks(open, page: page)
            for owner in tasks.compactMap(\.assignedTo) where known.insert(owner).inserted { unknown.append(owner) }
            guard tasks.count == page.limit else { return unknown }
            page.offset += page.limit
        }
    }
}

/// What an agent left behind.
public struct OrphanedWork: Codable, Sendable, Equatable {
    public var id: AgentID
    /// Its name, or its short id where nobody knows it any more.
    public var name: String
    /// Null where nobody knows it any more.
    @OrNull public var state: AgentState?
    public var items: [Item]
    /// How many tasks and messages changed hands.
    public var moved: Int
    /// Messages that stay in its inbox after moving: questions and the like, which are no tasks.
    public var left: Int

    /// A task, or a message that waits.
    public struct Item: Codable, Sendable, Equatable {
        /// `task`, or the type of the message.
        public var kind: String
        public var id: String
        /// The first line.
        public var title: String
        public var moved: Bool
    }

    /// Messages that are listed; there may be more.
    private static let listed = 1000

    var isEmpty: Bool { items.isEmpty }

    /// Open tasks, then messages that are not only pointers to tasks.
    init(_ id: AgentID, _ agent: Agent?, _ town: OpenTown) async throws {
        self.id = id
        name = agent?.name ?? id.short
        items = []
        (moved, left) = (0, 0)
        state = agent?.state
        let open = TaskFilter(states: [.pending, .assigned, .running], assignee: id)
        for task in try await town.store.tasks(open, page: Page(limit: Self.listed)) {
            items.append(Item(kind: "task", id: task.id.description, title: task.title, moved: false))
        }
        for delivery in try await town.store.inbox(id, page: Page(limit: Self.listed)) {
            let body = delivery.message.body
            if case .taskAssign = body { continue }
            if body.offeredTask != nil { continue }
            let title = body.text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
            items.append(Item(kind: body.type, id: delivery.message.id.description, title: title, moved: false))
        }
    }

    /// Notes what was really moved.
    mutating func take(_ reclaimed: Reclaimed, _ destination: Destination) {
        let ids = Set(reclaimed.tasks.map(\.description) + reclaimed.messages.map(\.description))
        moved = reclaimed.tasks.count + reclaimed.made.count + reclaimed.messages.count
        left = reclaimed.left
        for index in items.indices {
            let isMade = destination == .backlog && items[index].kind == "task"
            items[index].moved = ids.contains(items[index].id) || isMade
        }
    }
}

extension ReclaimWork.Input: Described {
    public static let fields =
        [
            Field("from", "only the work of this agent; of all that have stopped if omitted", .agent),
            Field("to", "the agent that gets it", .agent),
            Field("to_backlog", "put tasks back into the backlog"),
        ] as [Field<Self>]
}
