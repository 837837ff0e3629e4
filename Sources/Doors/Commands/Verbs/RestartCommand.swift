import Arguments
import Configuration
import Files
import Model
import Operations
import Terminal
import Towns

enum RestartCommand {
    static let verb = Verb(
        CommandSpec(
            "restart", "Bring back an agent that has ended", group: Group.agents,
            options: [
                .value("rounds", nil, "N", "maximum turns from now; 0 means no limit", standard: "its previous limit"),
                .flag("foreground", nil, "run in this terminal and show its output"),
            ],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname, label or id", completion: .dynamic("ended"))
            ],
            examples: [
                Example("tt restart backend", "with its id, inbox and conversation"),
                Example("tt restart backend --rounds 20", "and twenty more rounds"),
                Example("tt restart backend --foreground", "in this terminal"),
            ],
            discussion: "An agent ends by tt kill, tt close or tt stop, when its rounds are used up, or in error. "
                + "Its inbox waits meanwhile. tt spawn makes a new agent instead.")
    ) { context in
        let arguments = context.arguments
        let rounds = try arguments.int("rounds", in: 0...1_000_000)
        let global = try GlobalConfiguration.load(home: context.home)
        let shutdown = arguments.flag("foreground") ? Shutdown() : nil
        try await context.withTown(.readWrite) { town in
            let output = try await RestartAgent.call(
                .init(agent: arguments.required("AGENT"), rounds: rounds), in: town)
            let lines = text(output.agent, town)
            if let shutdown {
                let run = HostRun(town, global: global, environment: context.environment) { context.warn($0) }
                return try await ForegroundRun(run: run, shutdown: shutdown, context: context)(
                    output.agent, introduction: lines)
            }
            try context.show(output) { output in
                lines + ["✅ Agent '\(TerminalText.line(output.agent.name))' restarted"]
            }
            try await context.ensureHost(town)
        }
    }

    private static func text(_ agent: AgentView, _ town: Town) -> [String] {
        var lines = [
            "🔄 Restarting agent '\(TerminalText.line(agent.name))'...",
            "   Rounds: \(agent.maxRounds == 0 ? "no limit" : String(agent.maxRounds))",
            "   Log: \(TerminalText.line(TownFiles(root: town.root).log(agent: agent.name).path))",
        ]
        let waiting = agent.pending.total
        if waiting > 0 { lines.append("   Waiting: \(waiting) message\(waiting == 1 ? "" : "s")") }
        return lines
    }
}
