import Arguments
import Model
import Operations
import Terminal

enum PruneCommand {
    static let command = Command(
        CommandSpec(
            "prune", "Remove stopped agents", group: Group.agents,
            options: [.flag("all", nil, "also active agents, which are stopped at once first")],
            examples: [
                Example("tt prune", "remove those that have stopped or failed"),
                Example("tt prune --all", "stop all agents and remove them"),
            ],
            discussion: "No work is lost: open tasks of a removed agent go back to the backlog, and "
                + "messages that waited for it to the dead letters (tt dead list), from where tt dead retry --to gives "
                + "them to another agent. Logs stay.")
    ) { context in
        let all = context.arguments.flag("all")
        try await context.withTown(.readWrite) { town in
            if all { try await context.stopEverybody(town, before: "tt prune --all") }
            let output = try await context.call(PruneAgents.self, .init(cold: all), in: town)
            try context.show(output) { output in
                let active = "\(output.active) agent\(output.active == 1 ? " is" : "s are") active"
                guard !output.removed.isEmpty else {
                    return ["✨ Nothing to prune" + (output.active > 0 ? ": \(active)" : "")]
                }
                return output.removed.flatMap(lines)
                    + ["✨ Pruned \(output.removed.count.of("agent"))" + (output.active > 0 ? "; \(active)" : "")]
            }
        }
    }

    private static func lines(_ agent: RemovedAgent) -> [String] {
        var lines = ["🗑️  Removed \(TerminalText.line(agent.name)) (\(agent.id)) - \(agent.state.shown)"]
        if !agent.tasks.isEmpty { lines.append("      \(agent.tasks.count.of("task")) back in the backlog") }
        if agent.deadLetters > 0 {
            lines.append("      \(agent.deadLetters.of("message")) to the dead letters; see: tt dead list")
        }
        return lines
    }
}
