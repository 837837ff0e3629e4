import Model
import Operations

/// What `tt status` shows: read at one moment, and written out as often as it has to be drawn.
struct StatusReport: Encodable {
    var status: ReadStatus.Output
    /// With `--deep`: the newest events of each agent's turns, newest first.
    var activity: [AgentID: [Event]]?
    /// What turns used since the day began, and when that was.
    var today: SpentView
    var dayBegan: Timestamp
    /// With `--tasks`: every task, oldest first, up to a limit.
    var tasks: [TaskView]?

    private enum CodingKeys: String, CodingKey {
        case activity
        case today = "spent_today"
        case dayBegan = "day_began"
        case tasks = "task_list"
    }

    func encode(to encoder: any Encoder) throws {
        try status.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        let named = activity.map { Dictionary(uniqueKeysWithValues: $0.map { ($0.key.description, $0.value) }) }
        try values.encodeIfPresent(named, forKey: .activity)
        try values.encode(today, forKey: .today)
        try values.encode(dayBegan, forKey: .dayBegan)
        try values.encodeIfPresent(tasks, forKey: .tasks)
    }

    static let mostTasks = 5000
    private static let turnEnds: Set<EventType> = [.turnFinished, .turnFailed, .turnReleased, .turnStalled]

    /// - Parameter dayBegan: midnight of the person who looks.
    static func read(_ town: OpenTown, _ context: CommandContext, deep: Bool, tasks: Bool, dayBegan: Timestamp)
        async throws
        -> StatusReport
    {
        var report = StatusReport(
            status: try await context.call(ReadStatus.self, Nothing(), in: town),
            today: try await context.call(ReadCosts.self, .init(since: dayBegan), in: town).total, dayBegan: dayBegan)
        if deep {
            var activity: [AgentID: [Event]] = [:]
            for agent in report.status.agents {
                let filter = EventFilter(agent: agent.id, types: turnEnds)
                activity[agent.id] = try await town.store.latestEvents(limit: 5, filter: filter).reversed()
            }
            report.activity = activity
        }
        if tasks {
            let labels = try await town.labels()
            report.tasks = try await town.store.tasks(TaskFilter(), page: Page(limit: mostTasks)).map {
                TaskView($0, labels: labels)
            }
        }
        return report
    }

    /// Whether something in it grows with time, such as how long a turn takes.
    var isTicking: Bool { status.agents.contains { $0.lease != nil || $0.retryAt != nil } }
}
