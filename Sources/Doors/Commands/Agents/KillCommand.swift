import Arguments
import Model
import Operations
import Terminal

enum KillCommand {
    static let command = Command(
        CommandSpec(
            "kill", "Stop an agent", group: Group.agents,
            options: [.flag("now", nil, "end its current turn; the turn's messages go back to the inbox")],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname or id", completion: .dynamic("agents"))
            ],
            examples: [
                Example("tt kill backend", "stop it when its current turn ends"),
                Example("tt kill backend --now", "stop it at once"),
            ],
            discussion: "The agent's inbox, tasks and session are kept.")
    ) { context in
        let now = context.arguments.flag("now")
        try await context.withTown(.readWrite, runs: false) { town in
            let output = try await context.call(
                KillAgent.self, .init(agent: context.arguments.required("AGENT"), now: now), in: town)
            try context.show(output) { output in
                let name = TerminalText.line(output.agent.name)
                if !output.changed { return ["Agent '\(name)' is already \(output.agent.state.rawValue)"] }
                if output.agent.state.isTerminal { return ["🛑 Stopped agent '\(name)'"] }
                return ["🛑 Agent '\(name)' stops " + (now ? "now" : "when its present turn ends")]
            }
        }
    }
}
