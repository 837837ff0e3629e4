import Arguments
import Model
import Operations
import Terminal

enum BacklogCommand {
    static let command = Command(
        group: CommandSpec(
            "backlog", "Manage tasks without an owner", group: Group.work,
            examples: [
                Example(
                    "tt backlog add \"Harden error handling\" --tags backend,security", "work for any agent with time"),
                Example("tt backlog claim 3f2a backend", "give it to backend"),
            ]),
        [add, list, claim, assignAll, remove])

    private static let task = Positional("TASK", .one, "id, or its first digits", completion: .dynamic("backlog"))

    private static let add = Command(
        CommandSpec(
            "add", "Add a task",
            options: [.value("tags", nil, "A,B", "tags of the task", isRepeatable: true)] + TaskOptions.links,
            positionals: [
                Positional("TASK", .optional, "what to do; without it, or with -, it is read from standard input")
            ],
            examples: [Example("tt backlog add \"Write the docs\" --tags docs", "add a task with a tag")])
    ) { context in
        let text = try await context.text(of: "TASK")
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(
                AddToBacklog.self,
                .init(
                    description: text, tags: context.list("tags"), dependsOn: context.list("depends-on"),
                    parent: context.arguments.string("parent")), in: town)
            try context.show(output) { output in
                let place = output.task.waiting ? "; the backlog has it when it waits no longer" : " to the backlog"
                return ["📥 Added task \(output.task.id)\(place)"] + TaskText.waiting(output.task, context)
            }
        }
    }

    private static let list = Command(
        CommandSpec("list", "List the backlog, oldest first", examples: [Example("tt backlog list", "what waits")])
    ) { context in
        let output = try await context.withTown(.readOnly) { town in
            try await context.call(ListBacklog.self, .init(), in: town)
        }
        try context.show(output) { output in
            guard !output.tasks.isEmpty else { return ["The backlog is empty."] }
            return ["📥 Backlog: \(output.tasks.count)"]
                + output.tasks.map { task in
                    let tags = task.tags.isEmpty ? "" : " [\(TerminalText.line(task.tags.joined(separator: ", ")))]"
                    let room = context.width.map { $0 - 14 - TerminalText.width(tags) }
                    return "   \(task.shortID) - \(task.title.shortened(to: room))\(tags)"
                }
        }
    }

    private static let claim = Command(
        CommandSpec(
            "claim", "Give a task of the backlog to an agent",
            positionals: [
                task,
                Positional(
                    "AGENT", .optional, "the new owner (default: the agent in whose turn you are)",
                    completion: .dynamic("agents")),
            ],
            examples: [Example("tt backlog claim 3f2a backend", "give it to backend")])
    ) { context in
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(
                ClaimFromBacklog.self,
                .init(task: context.arguments.required("TASK"), agent: context.arguments.positional("AGENT")),
                in: town)
            try context.show(output) {
                ["📋 Assigned task \($0.task.id) to agent '\(TerminalText.line($0.task.assignedLabel ?? ""))'"]
            }
        }
    }

    private static let assignAll = Command(
        CommandSpec(
            "assign-all", "Give the whole backlog to an agent",
            positionals: [Positional("AGENT", .one, "the new owner", completion: .dynamic("agents"))],
            examples: [Example("tt backlog assign-all backend", "everything that waits goes to backend")])
    ) { context in
        let agent = context.arguments.required("AGENT")
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(AssignBacklog.self, .init(agent: agent), in: town)
            try context.show(output) { output in
                guard !output.tasks.isEmpty else { return ["The backlog is empty."] }
                let owner = TerminalText.line(output.tasks[0].assignedLabel ?? agent)
                return ["📋 Assigned \(output.tasks.count.of("task")) to '\(owner)'"]
                    + TaskText.rows(output.tasks, context: context)
            }
        }
    }

    private static let remove = Command(
        CommandSpec(
            "remove", "Remove a task from the backlog", positionals: [task],
            examples: [Example("tt backlog remove 3f2a", "it is no longer needed")])
    ) { context in
        let output = try await context.withTown(.readWrite) { town in
            try await context.call(
                RemoveFromBacklog.self, TaskInput(task: context.arguments.required("TASK")), in: town)
        }
        try context.show(output) { ["🚫 Removed task \($0.task.id) from the backlog"] }
    }
}
