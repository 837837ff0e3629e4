import Operations
import Terminal

/// Tasks as people read them.
enum TaskText {
    /// One line a task, with an id that every command accepts (W55).
    static func rows(_ tasks: [TaskView], context: CommandContext) -> [String] {
        tasks.map { task in
            let owner = task.inBacklog ? "backlog" : TerminalText.line(task.assignedLabel ?? "unassigned")
            let room = context.width.map { $0 - 19 - TerminalText.width(owner) }
            return "   \(task.state.icon) \(task.shortID) - \(task.title.shortened(to: room)) [\(owner)]"
        }
    }

    /// All of a task.
    static func full(_ task: TaskView) -> [String] {
        var lines = ["📋 Task \(task.id)", "   State: \(task.state.icon) \(task.state.shown)"]
        lines.append("   Owner: \(TerminalText.line(task.assignedLabel ?? (task.inBacklog ? "backlog" : "none")))")
        if !task.tags.isEmpty { lines.append("   Tags: \(TerminalText.line(task.tags.joined(separator: ", ")))") }
        lines.append("   Created: \(task.createdAt.dateAndClock)")
        if let started = task.startedAt { lines.append("   Started: \(started.dateAndClock)") }
        if let ended = task.completedAt { lines.append("   Ended: \(ended.dateAndClock)") }
        if task.reminders > 0 { lines.append("   Reminders: \(task.reminders)") }
        lines.append("   Description:")
        lines += task.description.indented(by: 6)
        if let result = task.result {
            lines.append("   Result:")
            lines += result.indented(by: 6)
        }
        return lines
    }
}
