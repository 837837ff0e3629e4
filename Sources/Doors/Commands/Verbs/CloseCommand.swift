import Arguments
import Model
import Operations
import Terminal

enum CloseCommand {
    static let verb = Verb(
        CommandSpec(
            "close", "Let an agent finish its inbox, then stop it", group: Group.agents,
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname, label or id", completion: .dynamic("agents"))
            ],
            examples: [
                Example("tt close backend", "no more after what waits now and comes until then"),
                Example("tt close backend && tt wait backend", "and return when it has stopped"),
            ],
            discussion: "Every message that waits is worked on first, as far as the agent's rounds allow. A paused "
                + "agent goes on for that. See also: tt kill, which does not wait for the inbox.")
    ) { context in
        try await context.withTown(.readWrite, runs: false) { town in
            let output = try await CloseAgent.call(
                AgentInput(agent: context.arguments.required("AGENT")), in: town)
            try context.show(output) { output in
                let name = TerminalText.line(output.agent.name)
                if output.agent.state.isTerminal { return ["🛑 Stopped agent '\(name)': nothing waited for it"] }
                if !output.changed { return ["Agent '\(name)' is \(output.agent.state.rawValue) already"] }
                let waiting = output.agent.pending.total
                let left = waiting == 0 ? "its present turn" : "\(waiting) message\(waiting == 1 ? "" : "s")"
                return ["🌙 Agent '\(name)' is draining: it finishes \(left), then it stops"]
            }
            if !output.agent.state.isTerminal { try await context.ensureHost(town) }
        }
    }
}
