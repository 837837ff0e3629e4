import Arguments
import Model
import Operations
import Terminal

enum CloseCommand {
    static let command = Command(
        CommandSpec(
            "close", "Stop an agent after it has finished its inbox", group: Group.agents,
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname or id", completion: .dynamic("agents"))
            ],
            examples: [
                Example("tt close backend", "finish what waits now and what arrives meanwhile, then stop"),
                Example("tt close backend && tt wait backend", "and return when it has stopped"),
            ],
            discussion: "The agent works on every waiting message first, as far as its turns allow. A paused "
                + "agent is resumed for that. See also: tt kill, which does not wait for the inbox.")
    ) { context in
        try await context.withTown(.readWrite, runs: false) { town in
            let output = try await context.call(
                CloseAgent.self, AgentInput(agent: context.arguments.required("AGENT")), in: town)
            try context.show(output) { output in
                let name = TerminalText.line(output.agent.name)
                if output.agent.state.isTerminal { return ["🛑 Stopped agent '\(name)': nothing waited for it"] }
                if !output.changed { return ["Agent '\(name)' is already \(output.agent.state.rawValue)"] }
                let waiting = output.agent.pending.total
                let left = waiting == 0 ? "its present turn" : "\(waiting) message\(waiting == 1 ? "" : "s")"
                return ["🌙 Agent '\(name)' is draining: it finishes \(left), then it stops"]
            }
        }
    }
}
