import Arguments
import Model
import Operations
import Terminal

enum TaskCommand {
    static let command = Command(
        group: CommandSpec(
            "task", "Show, complete, fail, cancel or retry tasks", group: Group.work,
            examples: [
                Example("tt task complete --result \"Tests pass\"", "mark a task as done"),
                Example("tt task list --state open", "what is still open"),
            ],
            discussion: "A task is named by its id or by the first digits of it, four at least."),
        [complete, fail, cancel, retry, release, wait, show, current, last, list])

    private static let task = Positional(
        "TASK", .optional, "id, or its first digits (default: the task of this turn)", completion: .dynamic("tasks"))

    private static let readyTask = Positional(
        "TASK", .optional, "id, or its first digits (default: the task of this turn)", completion: .dynamic("ready"))

    private static let anyTask = Positional(
        "TASK", .optional, "id, or its first digits (default: the task of this turn)", completion: .dynamic("any-task"))

    private static let complete = Command(
        CommandSpec(
            "complete", "Mark a task as done",
            options: [.value("result", nil, "TEXT", "the result; - reads it from standard input")],
            positionals: [readyTask],
            examples: [
                Example("tt task complete 3f2a --result \"Merged\"", "complete the task that begins with 3f2a"),
                Example("tt task complete --result \"Done\"", "in a turn: complete its task"),
            ])
    ) { context in
        try await end(CompleteTask.self, context, "✅", "completed")
    }

    private static let fail = Command(
        CommandSpec(
            "fail", "Mark a task as failed",
            options: [.value("result", nil, "TEXT", "the reason; - reads it from standard input")], positionals: [task],
            examples: [Example("tt task fail 3f2a --result \"No access\"", "fail the task, with the reason")])
    ) { context in
        try await end(FailTask.self, context, "❌", "failed")
    }

    private static let cancel = Command(
        CommandSpec(
            "cancel", "Cancel a task",
            options: [.value("result", nil, "TEXT", "the reason; - reads it from standard input")], positionals: [task],
            examples: [Example("tt task cancel 3f2a", "it is no longer needed")])
    ) { context in
        try await end(CancelTask.self, context, "🚫", "cancelled")
    }

    private static func end<End: Operation>(
        _ operation: End.Type, _ context: CommandContext, _ icon: String, _ word: String
    ) async throws where End.Input == EndTaskInput, End.Output == EndedTask {
        var result = context.arguments.string("result")
        if result == "-" { result = await context.console.readInput(limit: context.textLimit) }
        let input = EndTaskInput(task: context.arguments.positional("TASK"), result: result)
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(End.self, input, in: town)
            try context.show(output) { output in
                let room = context.width.map { $0 - 3 } ?? 120
                var lines = ["\(icon) Task \(output.task.shortID) \(word)"]
                lines.append("   \(output.task.title.shortened(to: room))")
                if let result = output.task.result { lines.append("   Result: \(result.shortened(to: room - 8))") }
                return lines + TaskText.blocked(output.blocked, context)
            }
        }
    }

    private static let retry = Command(
        CommandSpec(
            "retry", "Begin a failed or cancelled task anew",
            positionals: [Positional("TASK", .one, "id, or its first digits", completion: .dynamic("failed"))],
            examples: [Example("tt task retry 3f2a", "the same task once more, with new attempts")],
            discussion: "It keeps its id and its history, and goes to the agent that had it, or to the backlog.")
    ) { context in
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(
                RetryTask.self, TaskInput(task: context.arguments.required("TASK")), in: town)
            try context.show(output) { output in
                let room = context.width.map { $0 - 3 } ?? 120
                let place = output.agent.map { "goes to '\(TerminalText.line($0.name))'" } ?? "is in the backlog"
                var lines = ["🔁 Task \(output.task.shortID) begins anew and \(place)"]
                lines.append("   \(output.task.title.shortened(to: room))")
                lines += TaskText.waiting(output.task, context)
                if let agent = output.agent { lines += StandstillText.lines(agent, "the task") }
                return lines
            }
        }
    }

    private static let release = Command(
        CommandSpec(
            "release", "Start a task without waiting for its dependencies",
            positionals: [Positional("TASK", .one, "id, or its first digits", completion: .dynamic("waiting"))],
            examples: [Example("tt task release 3f2a", "begin, although a task that it depends on failed")],
            discussion: "Only the supervisor and the one who gave the task may do this.")
    ) { context in
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(
                ReleaseTask.self, TaskInput(task: context.arguments.required("TASK")), in: town)
            try context.show(output) { output in
                let place = output.task.assignedLabel.map { "goes to '\(TerminalText.line($0))'" }
                return ["🔓 Task \(output.task.shortID) no longer waits and \(place ?? "is in the backlog")"]
            }
        }
    }

    private static let wait = Command(
        CommandSpec(
            "wait", "Wait until a task has ended", options: [TaskWait.timeout],
            positionals: [Positional("TASK", .one, "id, or its first digits", completion: .dynamic("tasks"))],
            examples: [
                Example("tt task wait 3f2a && echo merged", "go on when it is completed"),
                Example("tt task wait 3f2a --timeout 10m", "or after ten minutes, with exit code 6"),
            ], discussion: TaskWait.exitCodes)
    ) { context in
        let timeout = try context.arguments.duration("timeout")
        try await context.withTown(.readWrite) { town in
            let task = try await TaskWait(town: town, context: context)(context.arguments.required("TASK"), timeout)
            try context.show(TaskOutput(task: task)) { TaskWait.lines($0.task, context) }
            try TaskWait.exit(for: task)
        }
    }

    private static let show = Command(
        CommandSpec(
            "show", "Show a task in full", positionals: [anyTask],
            examples: [Example("tt task show 3f2a", "all of the task that begins with 3f2a")])
    ) { context in
        let output = try await context.withTown(.readOnly) { town in
            try await context.call(ShowTask.self, TaskInput(task: context.arguments.positional("TASK")), in: town)
        }
        try context.show(output) { TaskText.full($0, context) }
    }

    private static let current = Command(
        CommandSpec(
            "current", "Show an agent's current task",
            positionals: [
                Positional(
                    "AGENT", .optional, "an agent (default: the one in whose turn you are)",
                    completion: .dynamic("agents"))
            ],
            examples: [Example("tt task current backend", "what backend works on")])
    ) { context in
        let output = try await context.withTown(.readOnly) { town in
            try await context.call(CurrentTask.self, .init(agent: context.arguments.positional("AGENT")), in: town)
        }
        try context.show(output) { output in
            TaskText.full(output.task, context) + [
                "   When it is done: tt task complete \(output.task.id) --result \"…\""
            ]
        }
    }

    private static let last = Command(
        CommandSpec(
            "last", "Show the task that an agent ended last, with its result",
            positionals: [
                Positional(
                    "AGENT", .optional, "an agent (default: the one in whose turn you are)",
                    completion: .dynamic("known"))
            ],
            examples: [Example("tt task last backend", "what backend did last, and what came of it")])
    ) { context in
        let output = try await context.withTown(.readOnly) { town in
            try await context.call(LastTask.self, .init(agent: context.arguments.positional("AGENT")), in: town)
        }
        try context.show(output) { TaskText.full($0.task, context) }
    }

    private static let list = Command(
        CommandSpec(
            "list", "List tasks, oldest first",
            options: [
                .value(
                    "state", "s", "STATE", "only tasks in this state; open: not ended yet; waiting: blocked by others",
                    completion: .values(TaskState.allCases.map(\.rawValue) + ["in_flight", "open", "waiting"])),
                .value("agent", nil, "AGENT", "only those of an agent", completion: .dynamic("known")),
                .value("limit", "n", "N", "maximum number to list", standard: "1000"),
            ],
            examples: [
                Example("tt task list --state open", "what is still open"),
                Example("tt task list --state waiting", "what is blocked, and by what"),
            ])
    ) { context in
        let arguments = context.arguments
        let limit = try arguments.int("limit", in: 1...1_000_000) ?? 1000
        let output = try await context.withTown(.readOnly) { town in
            try await context.call(
                ListTasks.self, .init(state: arguments.string("state"), agent: arguments.string("agent"), limit: limit),
                in: town)
        }
        try context.show(output) { output in
            guard !output.tasks.isEmpty else { return ["No tasks."] }
            return ["📋 Tasks: \(output.tasks.count)"] + TaskText.rows(output.tasks, context: context)
        }
    }
}
