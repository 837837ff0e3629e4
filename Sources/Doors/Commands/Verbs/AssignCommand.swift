import Arguments
import Model
import Operations
import Terminal

enum AssignCommand {
    static let verb = Verb(
        CommandSpec(
            "assign", "Give a task to an agent", group: Group.work,
            options: [
                .value("tags", nil, "A,B", "tags of the task", isRepeatable: true)
            ] + TaskOptions.links + [
                .flag("urgent", nil, "read before everything that is not urgent"),
                .value(
                    "from", nil, "AGENT", "who is told when it ends; else the agent whose turn this is",
                    completion: .dynamic("agents")),
            ],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname, label or id", completion: .dynamic("agents")),
                Positional("TASK", .optional, "what to do; - or nothing reads it from standard input, any size"),
            ],
            examples: [
                Example("tt assign backend \"Create the auth API\"", "a task for backend"),
                Example("tt assign backend - < task.md", "the same from a file"),
                Example("tt assign tester \"Test it\" --depends-on 3f2a1b2c", "begins when that task is completed"),
            ])
    ) { context in
        let arguments = context.arguments
        let text = try await context.text(of: "TASK")
        try await context.withTown(.readWrite) { town in
            let output = try await AssignTask.call(
                .init(
                    agent: arguments.required("AGENT"), task: text, tags: context.list("tags"),
                    urgent: arguments.flag("urgent"), dependsOn: context.list("depends-on"),
                    parent: arguments.string("parent"), from: arguments.string("from")), in: town)
            try context.show(output) { output in
                let name = TerminalText.line(output.agent.name)
                var lines = ["📋 Assigned task \(output.task.id) to agent '\(name)'"]
                lines += TaskText.waiting(output.task, context)
                if output.agent.state.isTerminal || output.agent.state == .paused {
                    lines.append("   '\(name)' is \(output.agent.state.rawValue): the task waits until it runs again")
                }
                return lines
            }
            if !output.agent.state.isTerminal { try await context.ensureHost(town) }
        }
    }
}
