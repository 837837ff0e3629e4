import Model
import Operations
import Terminal

/// Tasks as people read them.
enum TaskText {
    /// One line a task, with an id that every command accepts (W55).
    static func rows(_ tasks: [TaskView], context: CommandContext) -> [String] {
        tasks.flatMap { task -> [String] in
            let place = task.inBacklog ? "backlog" : task.group ? "group" : "unassigned"
            let owner = TerminalText.line(task.assignedLabel ?? place)
            let why = task.waiting ? " (waits for \(needs(task)))" : ""
            let room = context.width.map { $0 - 20 - TerminalText.width(owner) - TerminalText.width(why) }
            // The words of a task are cut; where that is not enough, the line goes on below.
            let title = StyledText(task.title.shortened(to: room), task.waiting ? .faint : task.state.tone)
            let line =
                StyledText("   \(task.state.icon) \(task.shortID) - ") + title + StyledText(" [\(owner)]", .faint)
            return (line + StyledText(why, .waiting)).fitted(context, indent: 6)
        }
    }

    // Prerequisites that failed or were cancelled are labelled, because they block the task.
    private static func needs(_ task: TaskView) -> String {
        let needs = task.waitsFor.map { $0.state.isTerminal ? "\($0.shortID), which \($0.state.ending)" : $0.shortID }
        return needs.isEmpty ? "a task that is gone" : needs.joined(separator: ", ")
    }

    /// What a new task waits for, a line each; nothing where it does not wait.
    static func waiting(_ task: TaskView, _ context: CommandContext) -> [String] {
        task.waitsFor.map { "   ⏳ waits for \(reference($0, context.width.map { $0 - 18 }))" }
    }

    private static func reference(_ task: TaskReference, _ room: Int?) -> String {
        let state = task.waiting ? "waiting" : task.state.rawValue
        return "\(task.shortID) - \(task.title.shortened(to: room.map { $0 - 14 - state.count })) (\(state))"
    }

    /// What waits for a task that ended without being completed.
    static func blocked(_ tasks: [TaskReference], _ context: CommandContext) -> [String] {
        if tasks.isEmpty { return [] }
        return ["   These tasks wait for it and are blocked; see tt task release and tt task cancel:"]
            + tasks.map { "   ⏳ \(reference($0, context.width.map { $0 - 8 }))" }
    }

    /// A task with its parent and what depends on what.
    static func full(_ shown: ShowTask.Output, _ context: CommandContext) -> [String] {
        var lines = full(shown.task, context)
        func add(_ heading: String, _ tasks: [TaskReference]) {
            if tasks.isEmpty { return }
            lines.append("   \(heading):")
            lines += tasks.map { "      \($0.state.icon) \(reference($0, context.width.map { $0 - 11 }))" }
        }
        add("Parent", shown.parent.map { [$0] } ?? [])
        add("Depends on", shown.dependencies)
        add("Dependents", shown.dependents)
        return lines
    }

    /// All of a task.
    static func full(_ task: TaskView, _ context: CommandContext) -> [String] {
        let now = context.parts.time.now()
        let state = StyledText("   State: \(task.state.icon) ") + StyledText(task.state.shown, task.state.tone)
        let why = task.waiting ? StyledText(" - waits for \(needs(task))", .waiting) : StyledText()
        var lines = ["📋 Task \(task.id)", (state + why).rendered(context.style)]
        if task.group { lines.append("   Group: ends with the last of its tasks") }
        lines.append("   Owner: \(TerminalText.line(task.assignedLabel ?? (task.inBacklog ? "backlog" : "none")))")
        if !task.tags.isEmpty { lines.append("   Tags: \(TerminalText.line(task.tags.joined(separator: ", ")))") }
        lines.append("   Created: \(now.telling(task.createdAt, inFull: true, zone: context.zone))")
        if let started = task.startedAt {
            lines.append("   Started: \(now.telling(started, inFull: true, zone: context.zone))")
        }
        if let ended = task.completedAt {
            let took = task.startedAt.map { ", after \(TimeText.length(ended - $0))" } ?? ""
            lines.append("   Ended: \(now.telling(ended, inFull: true, zone: context.zone))\(took)")
        }
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
