import Model
import Terminal

/// Events as people read them.
enum EventText {
    /// `14:03:05 [task_assigned] backend — Task 3f2a… assigned`.
    static func row(_ event: Event, _ labels: [AgentID: String], _ context: CommandContext) -> [String] {
        var line = StyledText(context.zone.clock(event.timestamp), .faint) + StyledText(" ")
        line += StyledText("[\(event.type.rawValue)]", event.type.tone) + StyledText(" \(who(event, labels))")
        let room = context.width.map { $0 - line.width - 3 }
        line += StyledText(" — \(event.text.shortened(to: room))", event.type.tone == .bad ? .bad : .plain)
        return line.fitted(context, indent: 4)
    }

    /// Events as a story: a heading a day, then `  14:03:05 📌 Ada [backend]  what happened`.
    static func story(_ events: [Event], _ labels: [AgentID: String], _ context: CommandContext) -> [String] {
        var lines: [String] = []
        var day = ""
        for event in events {
            let date = context.zone.day(event.timestamp)
            if date != day { lines.append(context.style.bold("📅 \(date) \(context.zone.name(at: event.timestamp))")) }
            day = date
            var line = StyledText("  ") + StyledText(context.zone.clock(event.timestamp), .faint)
            line += StyledText(" \(event.type.icon) \(who(event, labels))  ")
            let room = context.width.map { $0 - line.width }
            line += StyledText(event.text.shortened(to: room), event.type.tone)
            lines += line.fitted(context, indent: 4)
        }
        return lines
    }

    private static func who(_ event: Event, _ labels: [AgentID: String]) -> String {
        event.agent.map { TerminalText.line(labels[$0] ?? $0.short) } ?? "town"
    }
}

extension EventType {
    /// Whether it is what one hopes for, or not.
    var tone: StyledText.Tone {
        switch self {
        case .taskCompleted, .agentCompleted: .good
        case .agentFailed, .taskFailed, .turnFailed, .hostDied, .messageDead: .bad
        case .agentAttention, .turnStalled: .waiting
        default: .plain
        }
    }

    /// One character that says what kind of thing happened.
    var icon: String {
        switch self {
        case .agentSpawned: "🤖"
        case .agentInterrupted: "⏸️"
        case .agentResumed: "▶️"
        case .agentStopped, .agentCompleted, .hostStopped: "⏹️"
        case .taskCreated: "📋"
        case .taskAssigned: "📌"
        case .taskRetried: "🔁"
        case .taskCompleted, .turnFinished: "✅"
        case .agentFailed, .taskFailed, .turnFailed, .hostDied: "❌"
        case .taskCancelled: "🚫"
        case .messageSent: "📤"
        case .messageDead, .messageDropped: "💀"
        case .agentAttention, .turnStalled: "⚠️"
        case .hostStarted: "🖥️"
        case .townRestored: "📂"
        default: "🔹"
        }
    }
}
