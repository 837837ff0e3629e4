import Arguments
import Operations
import Terminal

enum PlanCommand {
    static let command = Command(
        CommandSpec(
            "plan", "Show the plan in tasks.toml, or create one", group: Group.work,
            options: [.flag("init", "i", "create a tasks.toml; an existing one is left unchanged")],
            examples: [
                Example("tt plan --init", "create a tasks.toml"),
                Example("tt plan", "check the plan and show it, without the town"),
            ],
            discussion:
                "The plan is a file for version control. tt sync push takes it to the town, tt sync pull writes "
                + "the state of the tasks back. A task waits until its parent and all that it depends on are completed; "
                + "a parent with the tag epic and no agent only groups.")
    ) { context in
        let file = PlanFile(root: try context.townRoot())
        if context.arguments.flag("init") {
            try context.show(try file.create()) { plan in
                [
                    "📝 Created \(TerminalText.line(context.shown(plan.file)))",
                    "   Edit it, look at it with tt plan, and take it to the town with tt sync push.",
                ]
            }
            return
        }
        let plan = try file.view()
        if !context.wantsJSON {
            for warning in plan.warnings { context.console.writeError("warning: \(TerminalText.line(warning))\n") }
        }
        try context.show(plan) { plan in
            let name = TerminalText.line(context.shown(plan.file))
            guard !plan.tasks.isEmpty else { return ["📋 No tasks in plan (\(name))."] }
            return ["📋 Tasks in plan (\(name)):"] + plan.tasks.map { row($0, context) }
        }
    }

    private static func row(_ task: PlanTaskView, _ context: CommandContext) -> String {
        let owner = TerminalText.line(task.agent ?? (task.group ? "group" : "unassigned"))
        let head = "  \(task.status.icon) [\(owner)] \(TerminalText.line(task.id)) - "
        let needs = task.dependsOn + (task.parent.map { [$0] } ?? [])
        let after = needs.isEmpty ? "" : " (after \(TerminalText.line(needs.joined(separator: ", "))))"
        let room = context.width.map { $0 - TerminalText.width(head) - TerminalText.width(after) }
        return head + task.title.shortened(to: room) + after
    }
}
