import Arguments
import Model
import Operations
import Terminal

enum StatusCommand {
    static let command = Command(
        CommandSpec(
            "status", "Show the state of the town", group: Group.watching,
            options: [
                tasks, deep, all,
                .flag("watch", "w", "redraw whenever something changes, until Ctrl-C"),
            ],
            examples: [
                Example("tt status", "who does what"),
                Example("tt status --deep --tasks", "show everything"),
                Example("tt status --watch", "keep watching"),
                Example("tt status --json | jq .queue", "how many messages wait, are worked on, are dead"),
            ],
            discussion:
                "If not all agents fit the screen, those that need or do something come first, and the others are "
                + "counted. Times are local; JSON has them in UTC. With --watch --json, one JSON object a line for each "
                + "change.")
    ) { context in try await show(context, watching: context.arguments.flag("watch")) }

    /// What people try, who know the program of that name.
    static let watchCommand = Command(
        CommandSpec(
            "watch", "The same as status --watch", options: [tasks, deep, all],
            examples: [Example("tt watch", "stay and see the status change")], isHidden: true)
    ) { context in try await show(context, watching: true) }

    private static let tasks = Option.flag("tasks", nil, "break the tasks down by state and agent")
    private static let deep = Option.flag("deep", nil, "show details of each agent, with its latest turns")
    private static let all = Option.flag("all", "a", "show every agent, however many there are")

    private static func show(_ context: CommandContext, watching isWatching: Bool) async throws {
        let arguments = context.arguments
        let (deep, tasks) = (arguments.flag("deep"), arguments.flag("tasks"))
        if isWatching, !context.wantsJSON, context.width == nil {
            throw CommandFailure.usage(
                "--watch needs a terminal to draw on", hint: "for programs there is: tt status --watch --json")
        }
        try await context.withTown(.readOnly) { town in
            if isWatching {
                return try await StatusWatch(
                    town: town, context: context, deep: deep, tasks: tasks, all: arguments.flag("all")
                ).run()
            }
            let now = town.time.now()
            let report = try await StatusReport.read(
                town, context, deep: deep, tasks: tasks, dayBegan: context.zone.dayBegan(now))
            try context.show(report) { report in
                let isLong = report.status.agents.count > StatusLayout.manyAgents
                var rows = context.width == nil ? isLong ? StatusLayout.smallScreen : nil : context.console.size.rows
                if arguments.flag("all") || deep { rows = nil }
                let layout = StatusLayout(width: context.width, rows: rows, zone: context.zone)
                return report.lines(now: now, layout: layout).map { $0.rendered(context.style) }
            }
        }
    }
}
