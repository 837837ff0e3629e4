import Arguments
import Configuration
import Files
import Harnesses
import Model
import Operations
import Processes
import Secrets
import Terminal
import Towns

enum SpawnCommand {
    static let verb = Verb(
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
            var town = town
            let path = context.environment["PATH"]
            let choice = global.cli(asked: arguments.string("cli"), town: town.configuration, path: path)
            let cli = try checked(choice.cli, &town, global, context)
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
                    name: arguments.required("NAME"), cli: cli, role: arguments.string("role"),
                    nickname: arguments.string("nickname"), parent: arguments.string("parent"), maxRounds: rounds,
                    fresh: arguments.flag("new")),
                in: town, startsHost: false)
            // An agent of this name may have been there before: its rounds are not this one's.
            TownFiles(root: town.root).removeRounds(
                agent: output.agent.name, others: Set(try await town.store.agents().map(\.name)))
            if let shutdown {
                let run = HostRun(town, global: global, environment: context.environment) { context.warn($0) }
                return try await ForegroundRun(run: run, shutdown: shutdown, context: context)(
                    output.agent, introduction: introduction(output.agent, choice))
            }
            try context.show(output) { output in
                introduction(output.agent, choice)
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

    private static func introduction(_ agent: AgentView, _ choice: CLIChoice) -> [String] {
        var lines = [
            "🤖 Spawned agent '\(TerminalText.line(agent.name))' using CLI '\(TerminalText.line(agent.cli))'",
            "   ID: \(agent.id)",
        ]
        if let reason = choice.reason { lines.append("   \(reason)") }
        if let nickname = agent.nickname { lines.append("   Nickname: \(TerminalText.line(nickname))") }
        return lines
    }

    /// A CLI that can be given to an agent; `town` learns which names a turn may use.
    static func checked(
        _ cli: String, _ town: inout Town, _ global: GlobalConfiguration, _ context: CommandContext
    ) throws -> String {
        try check(cli, HarnessRegistry(town: town, global: global, environment: context.environment), town, context)
        if Redactor.forms.redacted(commandLine: cli) != cli {
            context.warn(
                "the command line holds what looks like a key; every user of this machine can read command lines. "
                    + "Set it in the environment, or in tinytown.toml under [agent_clis.NAME.env]")
        }
        town.namedCLIs.formUnion(global.agentCLIs.keys)
        town.namedCLIs.insert(
            global.cli(asked: nil, town: town.configuration, path: context.environment["PATH"]).cli)
        return cli
    }

    /// A CLI that means nothing is an error; one that is only not installed is a warning, because it may be soon.
    private static func check(
        _ cli: String, _ registry: HarnessRegistry, _ town: Town, _ context: CommandContext
    ) throws {
        let words: [String]
        do { words = try registry.resolve(cli).words() } catch {
            throw CommandFailure(.notFound, code: "unknown_cli", error.message)
        }
        guard let program = words.first else { return }
        if Executable.find(program, path: context.environment["PATH"], directory: town.root) == nil {
            context.warn("'\(program)' is not on your PATH; the agent can't run until you install it")
        }
    }
}
