import Model
import Operations
import Terminal

/// How much room the status has, and how it is shown.
struct StatusLayout {
    /// Columns; nil where nothing has to fit.
    var width: Int?
    /// Lines that agents and everything else may take together; nil where all agents are shown.
    var rows: Int?
    var zone: LocalTime

    /// Without a terminal and with more agents than this, the list is as short as on a small screen.
    static let manyAgents = 50
    static let smallScreen = 24
    /// Below this width, what an agent does stands below its name.
    static let narrow = 79
}

extension StatusReport {
    /// The lines for people.
    func lines(now: Timestamp, layout: StatusLayout) -> [StyledText] {
        let isDeep = activity != nil
        var head: [StyledText] = []
        if status.needsYou.count > 0 {
            let things = status.needsYou.count == 1 ? "1 thing needs" : "\(status.needsYou.count) things need"
            head.append(StyledText("🔔 \(things) you: \(CommandPhrase.line("inbox.read"))", .waiting))
        }
        head += [
            StyledText("🏘️  Town: \(status.town.name)", .strong), StyledText("📂 Root: \(status.town.root)"),
        ]
        head += hostLines(now)
        var tail = workLines() + [queueLine]
        if status.queue.dead > 0 { tail.append(StyledText("   see the dead letters: tt dead list", .faint)) }
        if today.turns > 0 { tail.append(StyledText("💰 Today: \(today.phrase)")) }
        tail += taskLines()
        if isDeep, !status.agents.isEmpty {
            tail += ["", "📊 Stats: turns taken, uptime since spawn"].map { StyledText($0) }
        }
        func fit(_ lines: [StyledText]) -> [StyledText] {
            guard let width = layout.width else { return lines }
            return lines.flatMap { $0.wrapped(to: width, indent: 6) }
        }
        let (top, bottom) = (fit(head), fit(tail))
        let room = layout.rows.map { $0 - top.count - bottom.count - 2 }
        return top + fit([agentCounts]) + agentLines(now, layout, room: room) + bottom
    }

    // MARK: Agents

    private var agentCounts: StyledText {
        var parts: [StyledText] = []
        let groups = Dictionary(grouping: status.agents, by: { $0.state })
        for state in [AgentState.working, .idle, .starting, .draining, .paused, .error, .stopped, .cold] {
            if let agents = groups[state] {
                parts.append(StyledText("\(agents.count) \(state.shown.lowercased())", state.tone))
            }
        }
        var line = StyledText("🤖 Agents: \(status.agents.count)")
        if status.agents.count > 1 {
            line += StyledText(" (")
            for (index, part) in parts.enumerated() { line += (index > 0 ? StyledText(", ") : StyledText()) + part }
            line += StyledText(")")
        }
        return line
    }

    /// Who needs or does something comes first where not all have room.
    private func agentLines(_ now: Timestamp, _ layout: StatusLayout, room: Int?) -> [StyledText] {
        let agents = status.agents
        let width = min(agents.map { TerminalText.width($0.label) }.max() ?? 0, max(12, (layout.width ?? 90) / 3))
        func entries(_ agents: [AgentView]) -> [[StyledText]] {
            agents.map { entry($0, now, layout, nameWidth: width) }
        }
        let isShort = layout.rows == nil || activity != nil
        if isShort { return entries(agents).flatMap(\.self) }
        let room = max(4, room ?? 4)
        let busy = agents.filter { $0.urgency(at: now) < AgentView.nothing }
        let all = agents.count <= room ? entries(agents) : []
        if !all.isEmpty, all.reduce(0, { $0 + $1.count }) <= room { return all.flatMap(\.self) }
        var lines: [StyledText] = []
        var shown = 0
        for agent in busy.enumerated().sorted(by: {
            ($0.element.urgency(at: now), $0.offset) < ($1.element.urgency(at: now), $1.offset)
        }).map(\.element) {
            let own = entry(agent, now, layout, nameWidth: width)
            guard lines.count + own.count <= room - 1 else { break }
            lines += own
            shown += 1
        }
        let more = agents.count - shown
        return more == 0 ? lines : lines + [StyledText("   … and \(more) more; see: tt status --all", .faint)]
    }

    private func entry(
        _ agent: AgentView, _ now: Timestamp, _ layout: StatusLayout, nameWidth: Int
    ) -> [StyledText] {
        let isChild = activity != nil && agent.parentAgentID != nil
        let name = StyledText((isChild ? "↳ " : "") + agent.label, .strong)
        let isWaiting = agent.retryAt.map { $0 > now } ?? false
        let state =
            isWaiting && agent.state == .idle
            ? StyledText("Waiting", .waiting) : StyledText(agent.state.shown, agent.state.tone)
        var facts = facts(of: agent, now, layout)
        let isNarrow = layout.width.map { $0 < StatusLayout.narrow } ?? false
        var lines: [StyledText] = []
        if isNarrow {
            lines.append((StyledText("   ") + name + StyledText("  ") + state).truncated(to: layout.width ?? .max))
        } else {
            var line = StyledText("   ") + name.truncated(to: nameWidth).padded(to: nameWidth) + StyledText("  ")
            line += facts.isEmpty ? state : state.padded(to: 8) + StyledText("  ")
            if !facts.isEmpty {
                let (first, room) = (facts.removeFirst(), layout.width.map { $0 - line.width })
                line += first.cut(to: room)
            }
            lines.append(line)
        }
        for fact in facts {
            let text = StyledText("      ") + fact.lead + fact.text + fact.end
            // With little room each line counts for one thing, and all of it is said.
            if fact.isCut, !isNarrow {
                lines.append(StyledText("      ") + fact.cut(to: layout.width.map { $0 - 6 }))
            } else {
                lines += layout.width.map { text.wrapped(to: $0, indent: 9) } ?? [text]
            }
        }
        return lines
    }

    /// Something to say of an agent. The middle may be cut, what stands before and behind it not.
    private struct Fact {
        var lead = StyledText()
        var text = StyledText()
        var end = StyledText()
        var isCut = true

        func cut(to room: Int?) -> StyledText {
            guard let room else { return lead + text + end }
            let rest = room - lead.width - end.width
            return (lead + (rest > 1 ? text.truncated(to: rest) : StyledText()) + end).truncated(to: max(1, room))
        }
    }

    private func facts(of agent: AgentView, _ now: Timestamp, _ layout: StatusLayout) -> [Fact] {
        var facts: [Fact] = []
        if let lease = agent.lease {
            let time = TimeText.length(now - lease.startedAt)
            let place = isSpread ? lease.machine.map { " on \($0)" } ?? "" : ""
            let task = agent.currentTask.map { "\($0.description.prefix(8)), " } ?? ""
            facts.append(
                Fact(
                    text: StyledText(agent.taskTitle ?? "messages"),
                    end: StyledText(" (\(task)\(time)\(place))", .faint)))
        } else if let title = agent.taskTitle, let task = agent.currentTask {
            facts.append(Fact(text: StyledText(title), end: StyledText(" (\(task.description.prefix(8)))", .faint)))
        }
        if agent.interruptedTurn != nil {
            facts.append(
                Fact(text: StyledText("its turn ended with its host; the next host puts its messages back", .waiting)))
        }
        if agent.pending.total > 0 {
            facts.append(Fact(text: StyledText("\(agent.pending.total) pending\(agent.pending.breakdown)")))
        }
        if activity != nil {
            let (turns, done) = (agent.turnsCompleted, agent.tasksCompleted)
            facts.append(
                Fact(
                    text: StyledText(
                        "\(turns) turn\(turns == 1 ? "" : "s"), \(done) task\(done == 1 ? "" : "s") done, uptime "
                            + "\(TimeText.length(now - agent.createdAt)), \(agent.cli)", .faint)))
        }
        if let retry = agent.retryAt, retry > now {
            var text = StyledText(
                "retrying at \(layout.zone.clock(retry, near: now)) (\(TimeText.ahead(retry - now)))", .waiting)
            if let why = agent.waitsBecause { text += StyledText(": \(why)") }
            facts.append(Fact(text: text, isCut: false))
        }
        for event in activity?[agent.id] ?? [] {
            let ago = TimeText.ago(now - event.timestamp)
            facts.append(
                Fact(
                    lead: StyledText("└─ "), text: StyledText("\(event.type.icon) \(event.text)"),
                    end: StyledText(", \(ago)")))
        }
        if let notice = agent.notice {
            facts.append(
                Fact(lead: StyledText("⚠️  "), text: StyledText(notice, agent.state.tone), isCut: false))
        }
        return facts
    }

    // MARK: The rest

    /// Whether agents may run on more machines than this one.
    private var isSpread: Bool { status.hosts.contains { !$0.here } }

    private func hostLines(_ now: Timestamp) -> [StyledText] {
        let hosts = status.hosts.filter { isSpread || $0.alive }
        guard isSpread else {
            let hosts = hosts.map { "pid \($0.pid)\($0.foreground ? " (foreground)" : "")" }
            let trouble = status.hostTrouble.map {
                StyledText("   ⚠️  \($0.sentence(now: now)). See: tt logs host", .bad)
            }
            return [StyledText("🖥️  Host: \(hosts.isEmpty ? "none" : hosts.joined(separator: ", "))")]
                + [trouble].compactMap(\.self)
        }
        return [StyledText("🖥️  Hosts: \(hosts.count { $0.alive })")]
            + hosts.map { host in
                var text = "   \(host.machine)\(host.here ? " (this machine)" : ""): pid \(host.pid)"
                text += "\(host.foreground ? " (foreground)" : ""), for \(TimeText.length(now - host.startedAt))"
                guard host.alive else {
                    let gone = host.expiresAt.map { ", not heard of: its time ran out \(TimeText.ago(now - $0))" }
                    return StyledText(text + (gone ?? ", gone"), .bad)
                }
                text += ", \(host.turns) turn\(host.turns == 1 ? "" : "s")"
                return StyledText(host.lacks.isEmpty ? text : text + ", without " + host.lacks.joined(separator: ", "))
            }
    }

    /// The tasks by state, then those that failed lately and those that somebody has to decide about.
    private func workLines() -> [StyledText] {
        let tasks = status.tasks
        var line = StyledText(
            "📋 Tasks: \(tasks.total) total (\(tasks.pending) pending, \(tasks.assigned + tasks.running) in progress, ")
        line += StyledText("\(tasks.completed) done")
        if tasks.failed > 0 { line += StyledText(", ") + StyledText("\(tasks.failed) failed", .bad) }
        if tasks.cancelled > 0 { line += StyledText(", \(tasks.cancelled) cancelled") }
        line += StyledText(")" + (tasks.backlog > 0 ? ", backlog \(tasks.backlog)" : ""))
        var lines = [line]
        for task in status.failedTasks {
            let owner = task.assignedLabel.map { " [\($0)]" } ?? ""
            var text = StyledText("   ❌ \(task.shortID) ") + StyledText(task.title + owner)
            if let result = task.result { text += StyledText(": \(result)", .bad) }
            lines.append(text)
        }
        for task in status.blockedTasks {
            let needs = task.waitsFor.filter(\.state.isTerminal).map { "\($0.shortID), which \($0.state.ending)" }
            lines.append(
                StyledText("   ⏳ \(task.shortID) ") + StyledText(task.title)
                    + StyledText(": waits for \(needs.joined(separator: " and "))", .waiting))
        }
        return lines
    }

    private var queueLine: StyledText {
        let queue = status.queue
        let dead = StyledText("\(queue.dead) dead", queue.dead > 0 ? .bad : .plain)
        return StyledText("📬 Messages: \(queue.waiting) waiting, \(queue.leased) in progress, ") + dead
    }

    private func taskLines() -> [StyledText] {
        guard let tasks else { return [] }
        let counts = status.tasks
        let states = [
            ("⏳ Pending:  ", counts.pending), ("📌 Assigned: ", counts.assigned), ("🔄 Running:  ", counts.running),
            ("✅ Completed:", counts.completed), ("❌ Failed:   ", counts.failed), ("🚫 Cancelled:", counts.cancelled),
            ("📋 Backlog:  ", counts.backlog),
        ]
        var lines = ["", "📊 Task Breakdown by State:"] + states.map { "   \($0.0) \($0.1)" }
        guard !tasks.isEmpty else { return lines.map { StyledText($0) } }
        lines += ["", "📋 Tasks by Agent:"]
        for agent in status.agents {
            let own = tasks.filter { $0.assignedTo == agent.id }
            guard !own.isEmpty else { continue }
            let open = own.filter { !$0.state.isTerminal }
            lines.append("   \(agent.label) (\(open.count) open, \(TaskCountsView(own).ended)):")
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
        return lines.map { StyledText($0) }
    }

    private static func rows(_ tasks: [TaskView]) -> [String] {
        let shown = tasks.prefix(5).map { task in
            "      \(task.state.icon) \(task.shortID) \(TerminalText.line(task.title))\(task.waiting ? " (waiting for other tasks)" : "")"
        }
        return tasks.count > 5 ? shown + ["      … and \(tasks.count - 5) more"] : shown
    }
}

extension AgentView {
    /// Agents of this urgency need nothing and do nothing.
    fileprivate static let nothing = 5

    /// 0 for who needs a person, then who works, waits for a retry, and has mail.
    fileprivate func urgency(at now: Timestamp) -> Int {
        if state == .paused || state == .error || notice != nil { return 0 }
        if lease != nil { return 1 }
        if let retryAt, retryAt > now { return 2 }
        return pending.total > 0 || state == .draining ? 3 : Self.nothing
    }
}

extension AgentState {
    /// What its state means at a glance.
    var tone: StyledText.Tone {
        switch self {
        case .working: .good
        case .idle: .plain
        case .starting, .draining: .waiting
        case .paused, .error: .bad
        case .stopped, .cold: .faint
        }
    }
}

extension SpentView {
    /// `14 turns (1 failed), 1.2M tokens, $3.41`.
    var phrase: String {
        var parts = [
            "\(turns.grouped) turn\(turns == 1 ? "" : "s")" + (failed > 0 ? " (\(failed.grouped) failed)" : "")
        ]
        if tokens > 0 { parts.append("\(tokens.shownCount) tokens") }
        if let costUSD { parts.append(costUSD.shownDollars + (unpriced > 0 ? " (\(unpriced) without a price)" : "")) }
        return parts.joined(separator: ", ")
    }
}
