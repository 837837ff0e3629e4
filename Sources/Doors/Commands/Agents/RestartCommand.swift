import Arguments
import Configuration
import Files
import Operations
import Terminal
import Towns

enum RestartCommand {
    static let command = Command(
        CommandSpec(
            "restart", "Restart an agent that has stopped", group: Group.agents,
            options: [
                .value("rounds", nil, "N", "maximum turns from now; 0 means no limit", standard: "its previous limit"),
                .value(
                    "cli", "c", "CLI", "what runs its turns from now on", standard: "the one that it has",
                    completion: .dynamic("clis")),
                .flag("foreground", nil, "run in this terminal and show its output"),
            ],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname or id", completion: .dynamic("ended"))
            ],
            examples: [
                Example("tt restart backend", "with its id, inbox and session"),
                Example("tt restart backend --rounds 20", "with twenty more turns"),
                Example("tt restart backend --cli codex", "with another CLI; works for an agent that is paused, too"),
                Example("tt restart backend --foreground", "in this terminal"),
            ],
            discussion: "An agent stops by tt kill, tt close or tt stop, when its turns are used up, or in error. "
                + "Its inbox is kept. With --cli, an agent that has not stopped goes on with the new CLI in its next "
                + "turn, and is resumed if it was paused. A session stays with its CLI: another one begins anew.")
    ) { context in
        let arguments = context.arguments
        let rounds = try arguments.int("rounds", in: 0...1_000_000)
        let global = try GlobalConfiguration.load(home: context.home)
        let shutdown = arguments.flag("foreground") ? Shutdown() : nil
        try await context.withTown(.readWrite) { town in
            let cli = arguments.string("cli")
            let output = try await context.call(
                RestartAgent.self, .init(agent: arguments.required("AGENT"), rounds: rounds, cli: cli), in: town,
                startsHost: shutdown == nil)
            for warning in output.warnings { context.warn(warning) }
            let lines = progress(output.agent, town, cli: cli)
            if let shutdown {
                let run = HostProcess(town, global: global, environment: context.environment) { context.warn($0) }
                return try await ForegroundRun(run: run, shutdown: shutdown, context: context)(
                    output.agent, introduction: lines)
            }
            try context.show(output) { output in
                text(output.agent, town, cli: cli)
            }
        }
    }

    static func text(_ agent: AgentView, _ town: OpenTown, cli: String? = nil) -> [String] {
        progress(agent, town, cli: cli) + ["✅ Agent '\(TerminalText.line(agent.name))' restarted"]
    }

    private static func progress(_ agent: AgentView, _ town: OpenTown, cli: String?) -> [String] {
        var lines = [
            "🔄 Restarting agent '\(TerminalText.line(agent.name))'...",
            "   Turns: \(agent.maxTurns == 0 ? "no limit" : String(agent.maxTurns))",
            "   Log: \(TerminalText.line(TownFiles(root: town.root).log(agent: agent.name).path))",
        ]
        if cli != nil { lines.append("   CLI: \(TerminalText.line(agent.cli))") }
        let waiting = agent.pending.total
        if waiting > 0 { lines.append("   Waiting: \(waiting) message\(waiting == 1 ? "" : "s")") }
        return lines
    }
}
