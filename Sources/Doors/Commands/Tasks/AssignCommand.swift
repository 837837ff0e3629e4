import Arguments
import Model
import Operations
import Terminal

enum AssignCommand {
    static let command = Command(
        CommandSpec(
            "assign", "Give a task to an agent", group: Group.work,
            options: [
                .value("tags", nil, "A,B", "tags of the task", isRepeatable: true)
            ] + TaskOptions.links + [
                .flag("urgent", nil, "deliver before messages that are not urgent"),
                .value(
                    "from", nil, "AGENT", "who is told when it ends (default: the agent in whose turn you are)",
                    completion: .dynamic("recipients")),
                .flag("wait", "w", "return when the task has ended"), TaskWait.timeout,
            ],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname or id", completion: .dynamic("agents")),
                Positional("TASK", .optional, "what to do; without it, or with -, it is read from standard input"),
            ],
            examples: [
                Example("tt assign backend \"Create the auth API\"", "a task for backend"),
                Example("tt assign backend - < task.md", "the same from a file"),
                Example("tt assign backend \"Fix the tests\" --wait && echo fixed", "go on when it is done"),
                Example("tt assign tester \"Test it\" --depends-on 3f2a1b2c", "begins when that task is completed"),
            ], discussion: "With --wait, the exit code tells how the task ended. " + TaskWait.exitCodes)
    ) { context in
        let arguments = context.arguments
        let timeout = try arguments.duration("timeout")
        let waits = arguments.flag("wait")
        if timeout != nil, !waits { throw CommandFailure.usage("--timeout is for --wait", hint: "add --wait") }
        let text = try await context.text(of: "TASK")
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(
                AssignTask.self,
                .init(
                    agent: arguments.required("AGENT"), task: text, tags: context.list("tags"),
                    urgent: arguments.flag("urgent"), dependsOn: context.list("depends-on"),
                    parent: arguments.string("parent"), from: arguments.string("from")), in: town)
            func lines(_ output: AssignTask.Output) -> [String] {
                let name = TerminalText.line(output.agent.name)
                var lines = ["📋 Assigned task \(output.task.id) to agent '\(name)'"]
                lines += TaskText.waiting(output.task, context)
                lines += StandstillText.lines(output.agent, "the task")
                return lines
            }
            if waits {
                context.say(lines(output))
                let wait = TaskWait(town: town, context: context)
                var ended = output
                ended.task = try await wait(output.task.id.description, timeout)
                try context.show(ended) { TaskWait.lines($0.task, context) }
                return try TaskWait.exit(for: ended.task)
            }
            try context.show(output, lines)
        }
    }
}
