import Arguments
import Configuration
import Files
import Model
import Operations
import Processes
import Terminal
import Towns

enum ConductorCommand {
    static let command = Command(
        CommandSpec(
            "conductor", "Talk to an AI that leads the agents, or give it a goal", group: Group.agents,
            options: [
                .value(
                    "cli", "c", "CLI", "the CLI that conducts",
                    standard: "conductor_cli of the town, then yours, then the default CLI",
                    completion: .dynamic("clis")),
                .value("goal", "g", "TEXT", "the goal, worked on without a terminal; - reads it from standard input"),
                .value("max-rounds", nil, "N", "with --goal: maximum turns; 0 means no limit", standard: "0"),
                .flag("fresh", nil, "start a new session instead of continuing the last one"),
            ],
            examples: [
                Example("tt conductor", "talk to it in this terminal"),
                Example("tt conductor --cli codex", "with another CLI"),
                Example("tt conductor --goal \"Add a login page, with tests\"", "returns when the goal is reached"),
            ],
            exclusive: [["goal", "fresh"]],
            discussion:
                "It reads .tt/conductor_context.md, which is written anew at each start. With --goal it goes on "
                + "in the background when this command is interrupted or killed; the same command follows it again, "
                + "and tt kill goal-conductor stops it. Exit codes with --goal: 0 reached, 1 failed, 7 needs "
                + "your input.")
    ) { context in
        if let goal = context.arguments.string("goal") { return try await pursue(goal, context) }
        try await talk(context)
    }

    // MARK: In the terminal

    private static func talk(_ context: CommandContext) async throws {
        if context.wantsJSON {
            throw CommandFailure.usage(
                "a session in a terminal has no JSON", hint: "give a goal: tt conductor --goal \"…\" --json")
        }
        let global = try GlobalConfiguration.load(home: context.home)
        let replacement = try await context.withTown(.readWrite) { town in
            let files = TownFiles(root: town.root)
            let asked = context.arguments.string("cli")
            let cli = conductorCLI(asked, town.configuration, global, context)
            let command = try command(cli, town, global, context)
            let known = try await context.call(BriefConductor.self, Nothing(), in: town)
            let place = files.file("conductor_context.md")
            try place.write(known.text)
            let file = place.path
            let session = try ConductorSession(
                files, environment: context.environment, fresh: context.arguments.flag("fresh"),
                new: (town.newID() as TurnID).description)
            let words = try command.words(
                inTerminalWith: known.text, file: file, session: (session.id, session.isKnown))
            // It is the person's own session, and the hosts that its commands start need the way to the store.
            let needsAccess = town.configuration.store == .redis
            var environment = context.environment.filter {
                RedisAccess.names.contains($0.key) ? needsAccess : !$0.key.hasPrefix("TINYTOWN_")
            }
            environment["TINYTOWN_TOWN"] = town.root
            environment["TINYTOWN_CONDUCTOR_CONTEXT"] = file
            let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
            environment["PATH"] = Executable.currentPath.map { Files.parent(of: $0) + ":" + path } ?? path
            environment.merge(command.environment) { _, new in new }
            context.say(
                "🚂 Starting conductor with \(TerminalText.line(cli))\(known.resumes ? ", resuming" : "")…",
                "   Context: \(TerminalText.line(file))")
            if known.resumes { try await context.ensureHost(town) }
            return Replacement(words[0], Array(words.dropFirst()), environment: environment, directory: town.root)
        }
        do { try context.parts.replace(replacement) } catch {
            throw CommandFailure(
                .unavailable, code: "cannot_start", "the conductor's CLI cannot be started: \(error)",
                hint: "install it, or name another one with --cli")
        }
    }

    private static func command(
        _ cli: String, _ town: OpenTown, _ global: GlobalConfiguration, _ context: CommandContext
    ) throws -> CLICommand {
        do {
            return try CLICommands(town, global: global, environment: context.environment).command(cli)
        } catch  where error.code == .invalid {
            throw CommandFailure(.failed, code: "configuration", error.message)
        }
    }

    /// - Returns: what was asked for, else the town's, else the user's, else what agents use.
    private static func conductorCLI(
        _ asked: String?, _ town: TownConfiguration, _ global: GlobalConfiguration, _ context: CommandContext
    ) -> String {
        global.cli(
            asked: [asked, town.conductorCLI, global.conductorCLI].lazy.compactMap(\.self)
                .first { !$0.allSatisfy(\.isWhitespace) }, town: town, path: context.environment["PATH"]
        ).cli
    }

    // MARK: Towards a goal

    private static func pursue(_ given: String, _ context: CommandContext) async throws {
        let goal = given == "-" ? await context.console.readInput(limit: context.textLimit) : given
        let rounds = try context.arguments.int("max-rounds", in: 0...1_000_000)
        let global = try GlobalConfiguration.load(home: context.home)
        try await context.withTown(.readWrite) { town in
            let cli = conductorCLI(context.arguments.string("cli"), town.configuration, global, context)
            let wait = try await TownWait(town, context)
            // An existing conductor keeps its CLI unless another one was requested.
            let known = try await town.store.agent(Conductor.id)
            // A follower learns how the goal ended, even if it ended while nobody looked.
            let mark = TownFiles(root: town.root).file("conductor_goal")
            let followed = try mark.text(limit: Files.Limit.short)?.split(whereSeparator: \.isWhitespace).first.map(
                String.init)
            let started = try await context.call(
                StartGoal.self,
                .init(
                    goal: goal, cli: known == nil ? cli : context.arguments.string("cli"), maxTurns: rounds,
                    following: followed), in: town)
            try mark.write("\(started.task.id)\n")
            context.say(
                "🚂 \(started.resumed ? "Following" : "Conducting") towards the goal, task \(started.task.shortID)",
                "   It keeps running if you press Ctrl-C; stop it with: tt kill \(Conductor.name)")
            let run = GoalRun(town: town, goal: started.task.id)
            try await wait.until { _ in try await run.look(context) }
            defer { mark.remove() }
            try await run.finish(context)
        }
    }
}
