import Arguments
import Configuration
import Files
import Model
import Operations
import Terminal
import Towns

enum SpawnCommand {
    static let command = Command(
        CommandSpec(
            "spawn", "Add an agent", group: Group.agents,
            options: [
                .value(
                    "cli", "c", "CLI", "the agent CLI: a preset, a configured name or a command",
                    standard: "default_cli of the town, then yours, then the first one installed",
                    completion: .dynamic("clis")
                ).alias("model", "m"),
                .value("max-rounds", nil, "N", "maximum turns; 0 means no limit", standard: "10"),
                .flag("foreground", nil, "run in this terminal and show its output"),
                .value("role", nil, "ROLE", "its role, such as backend"),
                .value("nickname", nil, "NAME", "a second name, shown beside the first"),
                .value("parent", nil, "AGENT", "the agent that it belongs to", completion: .dynamic("known")),
                .flag("new", nil, "a new agent, although one of this name has ended and still has work"),
            ],
            positionals: [Positional("NAME", .one, "letters, digits, '-', '_', '.' and '+'")],
            examples: [
                Example("tt spawn backend", "an agent with the default CLI"),
                Example("tt spawn reviewer --cli codex --role reviewer", "with another CLI and a role"),
                Example("tt spawn fixer --cli \"my-agent --fast\" --max-rounds 0", "your own command"),
                Example("tt spawn once --foreground --max-rounds 1", "run one turn in this terminal"),
            ])
    ) { context in
        let arguments = context.arguments
        // Before anything is written (W22).
        let rounds = try arguments.int("max-rounds", in: 0...1_000_000)
        let global = try GlobalConfiguration.load(home: context.home)
        let isForeground = arguments.flag("foreground")
        if isForeground, context.caller.isInTurn {
            throw OperationError(
                .needsPerson, "agents can't run a turn of another agent themselves",
                hint: "leave --foreground out: the town's host runs it")
        }
        let shutdown = isForeground ? Shutdown() : nil
        try await context.withTown(.readWrite) { town in
            if !isForeground, !arguments.flag("new"), context.canAsk,
                let predecessor = try await town.predecessor(named: arguments.required("NAME")),
                await continues(predecessor, context)
            {
                let output = try await context.call(
                    RestartAgent.self, .init(agent: predecessor.agent.id.description), in: town)
                try context.show(output) { RestartCommand.text($0.agent, town) }
                return
            }
            // A host starts once the files are in order.
            let output = try await context.call(
                SpawnAgent.self,
                .init(
                    name: arguments.required("NAME"), cli: arguments.string("cli"), role: arguments.string("role"),
                    nickname: arguments.string("nickname"), parent: arguments.string("parent"), maxTurns: rounds,
                    fresh: arguments.flag("new")),
                in: town, startsHost: false)
            for warning in output.warnings { context.warn(warning) }
            // An agent of this name may have been there before: its turns are not this one's.
            TownFiles(root: town.root).removeRounds(
                agent: output.agent.name, others: Set(try await town.store.agents().map(\.name)))
            if let shutdown {
                let run = HostProcess(town, global: global, environment: context.environment) { context.warn($0) }
                return try await ForegroundRun(run: run, shutdown: shutdown, context: context)(
                    output.agent, introduction: introduction(output))
            }
            try context.show(output) { output in
                introduction(output)
                    + [
                        "   Log: \(TerminalText.line(TownFiles(root: town.root).log(agent: output.agent.name).path))",
                        "   It runs in the background. Give it work with: tt assign \(output.agent.name) \"…\"",
                    ]
            }
            if let warning = try await context.service(town).ensureHost(here: true) {
                var failure = CommandFailure(warning.error)
                failure.message =
                    "agent '\(output.agent.name)' is registered, but nothing runs it: \(failure.message)"
                throw failure
            }
        }
    }

    /// Asks whether the one that is there shall go on; with another answer than yes, the refusal says what else there is.
    private static func continues(_ predecessor: Predecessor, _ context: CommandContext) async -> Bool {
        let sentence = TerminalText.line(predecessor.sentence)
        context.console.writeError(sentence.prefix(1).uppercased() + sentence.dropFirst() + ".\n")
        return await context.confirms("Let it continue? [y/N] ")
    }

    private static func introduction(_ output: SpawnAgent.Output) -> [String] {
        let agent = output.agent
        var lines = [
            "🤖 Spawned agent '\(TerminalText.line(agent.name))' using CLI '\(TerminalText.line(agent.cli))'",
            "   ID: \(agent.id)",
        ]
        if let reason = output.cliReason { lines.append("   \(reason)") }
        if let nickname = agent.nickname { lines.append("   Nickname: \(TerminalText.line(nickname))") }
        return lines
    }
}
