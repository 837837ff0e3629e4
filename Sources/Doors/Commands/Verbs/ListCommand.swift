import Arguments
import Operations
import Terminal

enum ListCommand {
    static let verb = Verb(
        CommandSpec(
            "list", "List the agents", group: Group.agents,
            options: [.flag("live", nil, "only those that have not ended")],
            examples: [
                Example("tt list", "who is in the town"),
                Example("tt list --json | jq -r '.agents[].name'", "only the names"),
            ])
    ) { context in
        let output = try await context.withTown(.readOnly) { town in
            try await ListAgents.call(.init(live: context.arguments.flag("live")), in: town)
        }
        try context.show(output) { output in
            guard !output.agents.isEmpty else { return ["No agents. Start one with: tt spawn NAME"] }
            var table = Table([
                .init("AGENT", isFlexible: true), .init("ID"), .init("STATE"), .init("CLI", isFlexible: true),
                .init("ROUNDS", isRight: true), .init("PENDING", isRight: true),
                .init("ATTENTION", isFlexible: true),
            ])
            for agent in output.agents {
                table.add([
                    agent.label, agent.shortID, agent.state.shown, agent.cli, String(agent.roundsCompleted),
                    String(agent.pending.total), agent.attention ?? "",
                ])
            }
            return table.lines(width: context.width, style: context.style).map(\.withoutTrailingSpace)
        }
    }
}
