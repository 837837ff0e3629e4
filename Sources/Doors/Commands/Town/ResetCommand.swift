import Arguments
import Model
import Operations
import Terminal
import Towns

enum ResetCommand {
    static let command = Command(
        CommandSpec(
            "reset", "Delete the town's agents, tasks and messages", group: Group.town,
            options: [
                .flag("force", nil, "actually delete; without it, only preview"),
                .flag("agents-only", nil, "keep tasks and backlog; waiting messages become dead letters"),
            ],
            examples: [
                Example("tt reset", "see what would go"),
                Example("tt reset --force", "begin anew"),
                Example("tt reset --agents-only --force", "other agents for the same tasks"),
            ],
            discussion:
                "Turns are ended and hosts stopped first, so that nothing goes on in a town that is gone. Files "
                + "of the town, its configuration and its logs stay; a Redis server that tt runs on the town's own socket "
                + "ends. tt save keeps a copy of the state before.")
    ) { context in
        let force = context.arguments.flag("force")
        let agentsOnly = context.arguments.flag("agents-only")
        try await context.withTown(force ? .readWrite : .readOnly, revives: false) { town in
            if !context.wantsJSON || !force {
                let preview = try await context.call(ResetTown.self, .init(agentsOnly: agentsOnly), in: town)
                if !force { return try context.show(preview) { question($0, agentsOnly, town) } }
                for line in heading(preview, agentsOnly, town) { context.say(line) }
            }
            let command = agentsOnly ? "tt reset --agents-only --force" : "tt reset --force"
            try await context.stopEverybody(town, before: command)
            let output = try await context.call(ResetTown.self, .init(agentsOnly: agentsOnly, confirm: true), in: town)
            try context.show(output) { output in
                let deleted =
                    agentsOnly
                    ? "\(output.agents.of("agent")); tasks and backlog were kept"
                    : "\(output.agents.of("agent")), \(output.tasks.of("task")) and "
                        + "\((output.messages + output.deadLetters).of("message"))"
                return ["✅ Reset complete: deleted \(deleted)", "   Run 'tt spawn NAME' to create new agents"]
            }
        }
        // A server with nothing in it need not go on; the next command that needs it starts it.
        if force, !agentsOnly, let server = try? await context.townServer(), server.isPrivate {
            do { _ = try await server.stop() } catch {
                context.warn("the town's server goes on: \(CommandFailure(error).text)")
            }
        }
    }

    private static func heading(_ output: ResetTown.Output, _ agentsOnly: Bool, _ town: OpenTown) -> [String] {
        let name = TerminalText.line(town.name)
        guard !agentsOnly else {
            var lines = [
                "🗑️  Resetting agents in town '\(name)'", "   This will delete:",
                "   - \(output.agents.of("agent")) and their inboxes",
            ]
            if output.messages > 0 {
                lines.append(
                    "     \(output.messages.of("waiting message")) \(output.messages == 1 ? "goes" : "go") to the dead letters"
                )
            }
            return lines + ["   Tasks and backlog will be preserved."]
        }
        return [
            "🗑️  Resetting town '\(name)'", "   This will delete:", "   - \(output.agents.of("agent"))",
            "   - \(output.tasks.of("task"))", "   - \(output.backlog.of("backlog item"))",
            "   - \(output.messages.of("waiting message")) and \(output.deadLetters.of("dead letter"))",
            "   - the log of events",
        ]
    }

    private static func question(_ output: ResetTown.Output, _ agentsOnly: Bool, _ town: OpenTown) -> [String] {
        let command = agentsOnly ? "tt reset --agents-only --force" : "tt reset --force"
        return heading(output, agentsOnly, town) + [
            "", "⚠️  This action cannot be undone!", "   Run with --force to confirm: \(command)",
        ]
    }
}
