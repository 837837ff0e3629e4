import Model
import Operations
import Terminal

/// What `tt status` shows: read at one moment, and written out as often as it has to be drawn.
struct StatusReport: Encodable {
    var status: ReadStatus.Output
    /// With `--deep`: the newest events of each agent's turns, newest first.
    var activity: [AgentID: [Event]]?
    /// With `--tasks`: every task, oldest first, up to a limit.
    var tasks: [TaskView]?

    private enum CodingKeys: String, CodingKey {
        case activity
        case tasks = "task_list"
    }

    func encode(to encoder: any Encoder) throws {
        try status.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        let named = activity.map { Dictionary(uniqueKeysWithValues: $0.map { ($0.key.description, $0.value) }) }
        try values.encodeIfPresent(named, forKey: .activity)
        try values.encodeIfPresent(tasks, forKey: .tasks)
    }

    static let mostTasks = 5000
    private static let turnEnds: Set<EventType> = [.turnFinished, .turnFailed, .turnReleased, .turnStalled]

    static func read(_ town: Town, deep: Bool, tasks: Bool) async throws -> StatusReport {
        var report = StatusReport(status: try await ReadStatus.call(Nothing(), in: town))
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

extension StatusReport {
    /// The lines for people.
    func lines(now: Timestamp, width: Int?) -> [String] {
        let isDeep = activity != nil
        var lines = status.needsYou.line.map { ["🔔 \($0)"] } ?? []
        lines += ["🏘️  Town: \(TerminalText.line(status.town.name))", "📂 Root: \(TerminalText.line(status.town.root))"]
        lines += hostLines(now)
        lines.append("🤖 Agents: \(status.agents.count)")
        for agent in status.agents { lines += agentLines(agent, now) }
        let tasks = status.tasks
        lines.append(
            "📋 Tasks: \(tasks.total) total (\(tasks.pending) pending, \(tasks.assigned + tasks.running) in-flight, "
                + "\(tasks.ended))" + (tasks.backlog > 0 ? ", backlog \(tasks.backlog)" : ""))
        let queue = status.queue
        lines.append("📬 Messages: \(queue.waiting) waiting, \(queue.leased) in work, \(queue.dead) dead")
        if queue.dead > 0 { lines.append("   see the dead letters: tt dead list") }
        lines += taskLines()
        if isDeep, !status.agents.isEmpty { lines += ["", "📊 Stats: rounds completed, uptime since spawn"] }
        return width.map { width in lines.map { TerminalText.truncated($0, to: width) } } ?? lines
    }

    /// Whether agents may run on more machines than this one.
    private var isSpread: Bool { status.hosts.contains { !$0.here } }

    private func hostLines(_ now: Timestamp) -> [String] {
        let hosts = status.hosts.filter { isSpread || $0.alive }
        guard isSpread else {
            let hosts = hosts.map { "pid \($0.pid)\($0.foreground ? " (foreground)" : "")" }
            return ["🖥️  Host: \(hosts.isEmpty ? "none" : hosts.joined(separator: ", "))"]
        }
        return ["🖥️  Hosts: \(hosts.count { $0.alive })"]
            + hosts.map { host in
                var text = "   \(TerminalText.line(host.machine))\(host.here ? " (this machine)" : ""): pid \(host.pid)"
                text += "\(host.foreground ? " (foreground)" : ""), for \(TimeText.length(now - host.startedAt))"
                guard host.alive else {
                    let gone = host.expiresAt.map { ", not heard of: its time ran out \(TimeText.relative(now - $0))" }
                    return text + (gone ?? ", gone")
                }
                text += ", \(host.turns) turn\(host.turns == 1 ? "" : "s")"
                return host.lacks.isEmpty
                    ? text : text + ", without " + host.lacks.map(TerminalText.line).joined(separator: ", ")
            }
    }

    private func agentLines(_ agent: AgentView, _ now: Timestamp) -> [String] {
        let isChild = activity != nil && agent.parentAgentID != nil
        var text = "   \(isChild ? "↳ " : "")\(TerminalText.line(agent.label)) (\(agent.state.shown)) - "
        text += "\(agent.pending.total) pending\(agent.pending.breakdown)"
        if activity != nil {
            text += ", \(agent.roundsCompleted) rounds, \(agent.tasksCompleted) tasks done"
            text += ", uptime \(TimeText.length(now - agent.createdAt)), \(TerminalText.line(agent.cli))"
        }
        var lines = [text]
        if let lease = agent.lease {
            let task = agent.currentTask.map { " on task \($0.description.prefix(8))" } ?? ""
            let place = isSpread ? lease.machine.map { " on \(TerminalText.line($0))" } ?? "" : ""
            lines.append("      └─ takes a turn\(place)\(task), for \(TimeText.length(now - lease.startedAt))")
        }
        if let retry = agent.retryAt, retry > now {
            lines.append("      └─ tries again \(TimeText.relative(now - retry))")
        }
        for event in activity?[agent.id] ?? [] {
            let ago = TimeText.relative(now - event.timestamp)
            lines.append("      └─ \(event.type.icon) \(TerminalText.line(event.message)), \(ago)")
        }
        if let attention = agent.attention { lines.append("      ⚠️  \(TerminalText.line(attention))") }
        return lines
    }

    private func taskLines() -> [String] {
        guard let tasks else { return [] }
        let counts = status.tasks
        let states = [
            ("⏳ Pending:  ", counts.pending), ("📌 Assigned: ", counts.assigned), ("🔄 Running:  ", counts.running),
            ("✅ Completed:", counts.completed), ("❌ Failed:   ", counts.failed), ("🚫 Cancelled:", counts.cancelled),
            ("📋 Backlog:  ", counts.backlog),
        ]
        var lines = ["", "📊 Task Breakdown by State:"] + states.map { "   \($0.0) \($0.1)" }
        guard !tasks.isEmpty else { return lines }
        lines += ["", "📋 Tasks by Agent:"]
        for agent in status.agents {
            let own = tasks.filter { $0.assignedTo == agent.id }
            guard !own.isEmpty else { continue }
            let open = own.filter { !$0.state.isTerminal }
            lines.append(
                "   \(TerminalText.line(agent.label)) (\(open.count) active, \(TaskCountsView(own).ended)):")
            // What is open comes first; of what has ended, the latest.
            lines += Self.rows(open + own.filter(\.state.isTerminal).reversed())
        }
        let known = Set(status.agents.map(\.id))
        let others = tasks.filter { task in task.assignedTo.map { !known.contains($0) } ?? true }
        if !others.isEmpty {
            lines.append("   (unassigned) (\(others.count) task\(others.count == 1 ? "" : "s")):")
            lines += Self.rows(others.filter { !$0.state.isTerminal } + others.filter(\.state.isTerminal).reversed())
        }
        if counts.total > tasks.count { lines.append("   … of the oldest \(tasks.count); see: tt task list") }
        return lines
    }

    private static func rows(_ tasks: [TaskView]) -> [String] {
        let shown = tasks.prefix(5).map { task in
            "      \(task.state.icon) \(task.shortID) \(TerminalText.line(task.title))\(task.waiting ? " (waits for others)" : "")"
        }
        return tasks.count > 5 ? shown + ["      … and \(tasks.count - 5) more"] : shown
    }
}
