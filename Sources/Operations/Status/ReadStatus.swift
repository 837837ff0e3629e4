import Configuration
public import Model

/// Everything about the town at a glance.
public struct ReadStatus: Operation {
    public static let spec = OperationSpec(
        "town.status", "Show the state of the town", .read, aliases: ["town.get_status"],
        route: .get("/v1/status"))

    public struct Output: Codable, Sendable, Equatable {
        public var town: TownView
        public var hosts: [HostView]
        /// Why no background host runs, if the last ones died; null otherwise.
        @OrNull public var hostTrouble: HostTrouble?
        public var agents: [AgentView]
        public var tasks: TaskCountsView
        public var queue: QueueCounts
        /// What waits for the person in charge.
        public var needsYou: NeedsYou
        /// Tasks that failed in the last day and were not taken up again, newest first, at most `mostTasks`.
        public var failedTasks: [TaskView]
        /// Tasks that wait for one that failed or was cancelled: somebody has to decide. At most `mostTasks`.
        public var blockedTasks: [TaskView]

        enum CodingKeys: String, CodingKey {
            case town, hosts, agents, tasks, queue
            case hostTrouble = "host_trouble"
            case needsYou = "needs_you"
            case failedTasks = "failed_tasks"
            case blockedTasks = "blocked_tasks"
        }
    }

    /// The most tasks that are named one by one.
    public static let mostTasks = 5

    public struct TownView: Codable, Sendable, Equatable {
        public var name: String
        public var root: String
        /// `sqlite` or `redis`.
        public var store: String
        public var maxAgents: Int

        enum CodingKeys: String, CodingKey {
            case name, root, store
            case maxAgents = "max_agents"
        }
    }

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> Output {
        let waiting = try await town.store.waitingCounts()
        let agents = try await town.views(of: try await town.store.agents(), waiting: waiting)
        let hosts = try await town.store.hosts()
        let isServed = hosts.contains { !$0.isForeground && town.liveness(of: $0).isAlive }
        return Output(
            town: TownView(
                name: town.name, root: town.root, store: town.configuration.store.rawValue,
                maxAgents: town.configuration.maxAgents),
            hosts: hosts.map { host in
                HostView(
                    host, alive: town.liveness(of: host).isAlive, here: town.isAlive(host) != nil,
                    turns: agents.count { $0.lease?.hostID == host.id })
            },
            hostTrouble: isServed ? nil : HostTrouble.read(town),
            agents: agents, tasks: TaskCountsView(try await town.store.taskCounts()),
            queue: try await town.store.queueCounts(),
            needsYou: try await town.needsYou(waiting),
            failedTasks: try await town.failedTasks(since: town.time.now() - .seconds(86_400)),
            blockedTasks: try await town.blockedTasks())
    }
}

extension OpenTown {
    fileprivate func failedTasks(since: Timestamp) async throws -> [TaskView] {
        let events = try await store.latestEvents(limit: 50, filter: EventFilter(types: [.taskFailed]))
        var found: [AgentTask] = []
        for event in events.reversed() where event.timestamp >= since && found.count < ReadStatus.mostTasks {
            guard let id = event.task, !found.contains(where: { $0.id == id }), let task = try await store.task(id),
                task.state == .failed
            else { continue }
            found.append(task)
        }
        return try await views(of: found)
    }

    // The oldest of those that wait: what they wait for has had the most time to fail.
    fileprivate func blockedTasks() async throws -> [TaskView] {
        let waiting = try await store.tasks(TaskFilter(states: [.pending], isWaiting: true), page: Page(limit: 50))
        let blocked = try await views(of: waiting).filter { $0.waitsFor.contains { $0.state.isTerminal } }
        return Array(blocked.prefix(ReadStatus.mostTasks))
    }
}

/// A process that runs turns.
public struct HostView: Codable, Sendable, Equatable {
    public var pid: Int
    public var id: HostID
    public var startedAt: Timestamp
    public var foreground: Bool
    /// Of another machine: whether it has renewed its entry in time.
    public var alive: Bool
    /// The name of its machine, where `pid` is its number.
    public var machine: String
    /// Whether that is this machine.
    public var here: Bool
    /// Turns that it runs now; `lease` of each agent says which.
    public var turns: Int
    /// Agent CLIs of the town that are not installed there, in alphabetical order.
    public var lacks: [String]
    /// Until when its entry holds; null on one machine, where the kernel tells who lives.
    @OrNull public var expiresAt: Timestamp?

    enum CodingKeys: String, CodingKey {
        case pid, id, foreground, alive, machine, here, turns, lacks
        case startedAt = "started_at"
        case expiresAt = "expires_at"
    }

    public init(_ host: Host, alive: Bool, here: Bool, turns: Int) {
        pid = host.pid
        id = host.id
        startedAt = host.startedAt
        foreground = host.isForeground
        machine = host.machineName
        lacks = host.lacks.sorted()
        expiresAt = host.expiresAt - host.startedAt < Host.unrenewed / 10 ? host.expiresAt : nil
        self.alive = alive
        self.here = here
        self.turns = turns
    }
}

/// Tasks by state.
public struct TaskCountsView: Codable, Sendable, Equatable {
    public var total: Int
    public var pending: Int
    public var assigned: Int
    public var running: Int
    public var completed: Int
    public var failed: Int
    public var cancelled: Int
    /// Those of the pending ones that nobody owns.
    public var backlog: Int

    /// Counts tasks that were read.
    public init(_ tasks: [TaskView]) {
        self.init(
            TaskCounts(
                byState: Dictionary(grouping: tasks, by: \.state).mapValues(\.count),
                backlog: tasks.count(where: \.inBacklog)))
    }

    /// Those that have ended, each kind for itself: `3 done, 1 failed`. Only what was completed is done.
    public var ended: String {
        var parts = ["\(completed) done"]
        if failed > 0 { parts.append("\(failed) failed") }
        if cancelled > 0 { parts.append("\(cancelled) cancelled") }
        return parts.joined(separator: ", ")
    }

    public init(_ counts: TaskCounts) {
        func count(_ state: TaskState) -> Int { counts.byState[state] ?? 0 }
        total = counts.byState.values.reduce(0, +)
        pending = count(.pending)
        assigned = count(.assigned)
        running = count(.running)
        completed = count(.completed)
        failed = count(.failed)
        cancelled = count(.cancelled)
        backlog = counts.backlog
    }
}
