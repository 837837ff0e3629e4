import Arguments
import Configuration
import Files
import Model
import Operations
import Processes
import Terminal
import Towns

enum HostCommand {
    static let command = Command(
        CommandSpec(
            "host", "Run the town's agents in this process until none is left",
            options: [
                .flag("guarded", nil, "a guardian started this; it is at standard input"),
                .flag("unguarded", nil, "the program that starts this starts it again if it dies"),
            ], isHidden: true,
            discussion: "tt spawn starts this in the background when the town needs it.")
    ) { context in
        // From the first moment on: a signal while the store opens must not be lost.
        let shutdown = Shutdown()
        let global = try GlobalConfiguration.load(home: context.home)
        try await context.withTown(.readWrite, revives: false) { town in
            let (console, time) = (context.console, town.time)
            let run = HostProcess(town, global: global, environment: context.environment) { line in
                console.write("\(time.now()) \(TerminalText.line(line))\n")
            }
            let guardian = guardian(context, town) { console.write("\(time.now()) \(TerminalText.line($0))\n") }
            let files = TownFiles(root: town.root)
            try await shutdown.guarding { _ in
                // From now on, commands that need a host know that this one takes nothing more.
                try? files.hostDraining.write("\(ProcessIdentity.current)\n")
            } _: {
                try await run.background(shutdown.ending, guardian: guardian)
            }
            // Commands that came meanwhile left it to this process to start another one.
            if shutdown.ending.reason != nil, files.hostWanted.exists {
                try await context.parts.ensureHost(town)
            }
        }
    }

    private static func guardian(
        _ context: CommandContext, _ town: OpenTown, log: @escaping @Sendable (String) -> Void
    ) -> HostGuard? {
        guard !context.arguments.flag("unguarded"), !context.caller.isInTurn, let program = Executable.currentPath
        else { return nil }
        return HostGuard(
            root: town.root, program: program, environment: context.environment,
            inherited: context.arguments.flag("guarded") ? Guardian.inherited() : nil, log: log)
    }
}
