import Arguments
import Model
import Operations
import Terminal

enum StatusCommand {
    static let verb = Verb(
        CommandSpec(
            "status", "Show the state of the town", group: Group.watching,
            options: [
                .flag("tasks", nil, "list open tasks too"),
                .flag("deep", nil, "say more about each agent"),
            ],
            examples: [
                Example("tt status", "who does what"),
                Example("tt status --json | jq .queue", "how many messages wait, are worked on, are dead"),
            ])
    ) { context in
        let arguments = context.arguments
        try await context.withTown(.readOnly) { town in
            let status = try await ReadStatus.call(Nothing(), in: town)
            guard !context.wantsJSON else { return try context.show(status) { _ in [] } }
            var lines = overview(status, deep: arguments.flag("deep"), now: town.time.now())
            if arguments.flag("tasks") {
                let open = try await ListTasks.call(.init(state: "open", limit: 200), in: town)
                lines += TaskText.rows(open.tasks, context: context)
            }
            try context.show(status) { _ in lines }
        }
    }

    private static func overview(_ status: ReadStatus.Output, deep: Bool, now: Timestamp) -> [String] {
        var lines = [
            "🏘️  Town: \(TerminalText.line(status.town.name))", "📂 Root: \(TerminalText.line(status.town.root))",
        ]
        let alive = status.hosts.filter(\.alive)
        lines.append(
            alive.isEmpty
                ? "🖥️  Host: none"
                : "🖥️  Host: "
                    + alive.map { "pid \($0.pid)\($0.foreground ? " (foreground)" : "")" }
                    .joined(separator: ", "))
        lines.append("🤖 Agents: \(status.agents.count)")
        for agent in status.agents { lines += line(of: agent, deep: deep, now: now) }
        let tasks = status.tasks
        let ended = tasks.completed + tasks.failed + tasks.cancelled
        lines.append(
            "📋 Tasks: \(tasks.total) total (\(tasks.pending) pending, \(tasks.assigned + tasks.running) in-flight, "
                + "\(ended) done)" + (tasks.backlog > 0 ? ", backlog \(tasks.backlog)" : ""))
        let queue = status.queue
        lines.append("📬 Messages: \(queue.waiting) waiting, \(queue.leased) in work, \(queue.dead) dead")
        if queue.dead > 0 { lines.append("   see the dead letters: tt dead list") }
        return lines
    }

    private static func line(of agent: AgentView, deep: Bool, now: Timestamp) -> [String] {
        var text = "   \(TerminalText.line(agent.label)) (\(agent.state.shown)) - \(agent.pending.total) pending"
        text += agent.pending.breakdown
        if deep {
            text += ", \(agent.roundsCompleted) rounds, \(agent.tasksCompleted) tasks done"
            text += ", up \(TimeText.length(now - agent.createdAt)), \(TerminalText.line(agent.cli))"
        }
        var lines = [text]
        if let lease = agent.lease {
            let task = agent.currentTask.map { " on task \($0.description.prefix(8))" } ?? ""
            lines.append("      └─ takes a turn\(task), for \(TimeText.length(now - lease.startedAt))")
        }
        if let retry = agent.retryAt, retry > now {
            lines.append("      └─ tries again \(TimeText.relative(now - retry))")
        }
        if let attention = agent.attention { lines.append("      ⚠️  \(TerminalText.line(attention))") }
        return lines
    }
}
