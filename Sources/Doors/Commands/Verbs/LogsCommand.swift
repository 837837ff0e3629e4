import Arguments
import Configuration
import Model
import Operations
import Terminal

enum LogsCommand {
    static let verb = Verb(
        CommandSpec(
            "logs", "Show an agent's log", group: Group.watching,
            options: [
                .flag("follow", "f", "then show what is added, as it is added"),
                .value("lines", "n", "N", "so many of the last lines", standard: "50"),
            ],
            positionals: [Positional("AGENT", .one, "an agent, or host", completion: .dynamic("agents"))],
            examples: [
                Example("tt logs backend -n 200", "its last 200 lines"),
                Example("tt logs backend -f", "what it does, as it does it"),
                Example("tt logs host", "the log of the process that runs the agents"),
            ])
    ) { context in
        let arguments = context.arguments
        let lines = try arguments.int("lines", in: 0...10_000_000) ?? 50
        let follows = arguments.flag("follow")
        guard !(follows && context.wantsJSON) else {
            throw CommandFailure.usage(
                "--follow gives text as it comes and has no JSON form", hint: "see: tt events -f")
        }
        let path = try await path(context)
        if follows {
            try await LogFollower(path: path).run(lines: lines) { context.console.write($0) }
            return
        }
        let reader = LogReader(path: path)
        guard reader.exists else {
            throw CommandFailure(
                .notFound, code: "not_found", "there is no log at \(path) yet",
                hint: "it begins with the first turn; wait for it with -f")
        }
        let text = String(decoding: reader.tail(lines), as: UTF8.self)
        struct Log: Encodable {
            var path: String
            var lines: [String]
        }
        let log = Log(path: path, lines: text.split(separator: "\n").map(String.init))
        try context.show(log) { _ in
            text.isEmpty ? [] : [TerminalText.sanitized(text.hasSuffix("\n") ? String(text.dropLast()) : text)]
        }
    }

    private static func path(_ context: CommandContext) async throws -> String {
        let reference = context.arguments.required("AGENT")
        let files = TownFiles(root: try context.townRoot())
        if reference == "host" { return files.hostLog }
        let agent = try await context.withTown(.readOnly) { town in try await town.agent(reference) }
        return files.log(agent: agent.name)
    }
}
