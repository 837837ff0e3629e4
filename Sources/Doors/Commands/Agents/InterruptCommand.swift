import Arguments
import Model
import Operations
import Terminal

enum InterruptCommand {
    static let command = Command(
        CommandSpec(
            "interrupt", "Pause an agent, even in the middle of a turn", group: Group.agents,
            options: [
                .value("reason", "r", "TEXT", "why; shown until it is resumed"),
                .flag("no-wait", nil, "don't wait until its current turn has ended"),
            ],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname or id", completion: .dynamic("agents"))
            ],
            examples: [
                Example("tt interrupt backend", "pause it; its current turn ends now"),
                Example("tt interrupt backend --reason \"wait for the new design\"", "and say why"),
            ],
            discussion: "A turn that runs is ended and its messages go back to the inbox, with no attempt counted. "
                + "Returns when nothing of the turn runs any more. tt resume continues the same session.")
    ) { context in
        let arguments = context.arguments
        try await context.withTown(.readWrite, runs: false) { town in
            let wait = try await TownWait(town, context)
            var output = try await context.call(
                InterruptAgent.self, .init(agent: arguments.required("AGENT"), reason: arguments.string("reason")),
                in: town)
            // A turn that pauses its own agent is ended by that: it cannot wait for it.
            let isItself = try await town.callingAgent()?.id == output.agent.id
            if !arguments.flag("no-wait"), !isItself, output.agent.lease != nil {
                try await wait.untilTurnEnded(of: output.agent.id)
                let agents = try await context.call(ListAgents.self, .init(), in: town).agents
                output.agent = agents.first { $0.id == output.agent.id } ?? output.agent
            }
            try context.show(output) { output in
                let name = TerminalText.line(output.agent.name)
                guard output.changed else { return ["Agent '\(name)' is already paused"] }
                let waiting = output.agent.pending.total
                let mail = waiting == 0 ? "" : "; \(waiting) message\(waiting == 1 ? " waits" : "s wait")"
                return ["⏸️  Paused agent '\(name)'\(mail)", "   Let it go on with: tt resume \(name)"]
            }
        }
    }
}
