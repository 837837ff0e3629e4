import Arguments
import Model
import Operations

enum StatusCommand {
    static let verb = Verb(
        CommandSpec(
            "status", "Show the state of the town", group: Group.watching,
            options: [
                .flag("tasks", nil, "break the tasks down by state and agent"),
                .flag("deep", nil, "say more about each agent, with its latest turns"),
                .flag("watch", "w", "draw it again whenever something changes, until Ctrl-C"),
            ],
            examples: [
                Example("tt status", "who does what"),
                Example("tt status --deep --tasks", "everything there is to say"),
                Example("tt status --watch", "stay and see it change"),
                Example("tt status --json | jq .queue", "how many messages wait, are worked on, are dead"),
            ], discussion: "With --watch --json, one JSON object a line for each change.")
    ) { context in
        let arguments = context.arguments
        let (deep, tasks, isWatching) = (arguments.flag("deep"), arguments.flag("tasks"), arguments.flag("watch"))
        if isWatching, !context.wantsJSON, context.width == nil {
            throw CommandFailure.usage(
                "--watch needs a terminal to draw on", hint: "for programs there is: tt status --watch --json")
        }
        try await context.withTown(.readOnly) { town in
            if isWatching {
                return try await StatusWatch(town: town, context: context, deep: deep, tasks: tasks).run()
            }
            let report = try await StatusReport.read(town, deep: deep, tasks: tasks)
            try context.show(report) { $0.lines(now: town.time.now(), width: context.width) }
        }
    }
}
