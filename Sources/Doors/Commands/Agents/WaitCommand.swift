import Arguments
import Model
import Operations
import Terminal

enum WaitCommand {
    static let command = Command(
        CommandSpec(
            "wait", "Wait until an agent has stopped", group: Group.agents,
            options: [
                .value("timeout", nil, "TIME", "stop waiting after this many seconds, or 5m, 1h", standard: "never")
            ],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname or id", completion: .dynamic("known"))
            ],
            examples: [
                Example("tt wait backend", "return when it has stopped"),
                Example(
                    "tt wait backend --timeout 300 || echo late", "or time out after five minutes, with exit code 6"),
                Example("tt close backend && tt wait backend", "let it finish everything, then return"),
            ],
            discussion: "Exit codes: 0 it has stopped, 1 it stopped with an error, 6 timed out.")
    ) { context in
        let timeout = try context.arguments.duration("timeout")
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(
                WaitForAgent.self,
                .init(
                    agent: context.arguments.required("AGENT"),
                    timeoutSeconds: timeout.map {
                        Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18
                    }
                ), in: town)
            try context.show(output) { output in
                let rounds = output.agent.turnsCompleted
                return [
                    "🏁 Agent '\(TerminalText.line(output.agent.name))' has stopped\(output.agent.state == .error ? " with an error" : "") "
                        + "after \(rounds) turn\(rounds == 1 ? "" : "s")"
                ]
            }
            if output.agent.state == .error { throw CommandFailure.endedInError(output.agent) }
        }
    }
}
