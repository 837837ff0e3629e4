import Arguments
import Operations
import Terminal

enum ResumeCommand {
    static let command = Command(
        CommandSpec(
            "resume", "Resume a paused agent", group: Group.agents,
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname or id", completion: .dynamic("paused"))
            ],
            examples: [
                Example("tt resume backend", "it goes on in the session that it had"),
                Example("tt status", "which agents are paused, and why"),
            ],
            discussion:
                "For agents that tt interrupt paused, and for those that were paused because a person had to act.")
    ) { context in
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(
                ResumeAgent.self, AgentInput(agent: context.arguments.required("AGENT")), in: town)
            try context.show(output) { output in
                let waiting = output.agent.pending.total
                let mail = waiting == 0 ? "" : " with \(waiting) message\(waiting == 1 ? "" : "s")"
                return ["▶️  Resumed agent '\(TerminalText.line(output.agent.name))'\(mail)"]
            }
        }
    }
}
