import Arguments
import Configuration
import Files
import Model
import Operations
import Terminal

enum LogsCommand {
    static let verb = Verb(
        CommandSpec(
            "logs", "Show an agent's log", group: Group.watching,
            options: [
                .flag("follow", "f", "then show what is added, as it is added"),
                .value("lines", "n", "N", "how many of the last lines to show", standard: "50"),
            ],
            positionals: [Positional("AGENT", .one, "an agent, or host", completion: .dynamic("logged"))],
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
        let (file, place) = try await file(context)
        if follows {
            if let place { context.say(context.style.dim("── \(place)")) }
            try await LogFollower(file).run(lines: lines) { context.console.write($0) }
            return
        }
        let reader = LogReader(file)
        try reader.check()
        guard reader.exists else {
            throw CommandFailure(
                .notFound, code: "not_found", "there is no log at \(file) yet",
                hint: place ?? "it begins with the first turn; wait for it with -f")
        }
        if let place { context.warn(place) }
        let text = String(decoding: reader.tail(lines), as: UTF8.self)
        struct Log: Encodable {
            var file: String
            var lines: [String]
        }
        let log = Log(file: file.path, lines: text.split(separator: "\n").map(String.init))
        try context.show(log) { _ in
            text.isEmpty ? [] : [TerminalText.sanitized(text.hasSuffix("\n") ? String(text.dropLast()) : text)]
        }
    }

    /// The log, and where else there is more of it.
    private static func file(_ context: CommandContext) async throws -> (SafePath, place: String?) {
        let reference = context.arguments.required("AGENT")
        let files = TownFiles(root: try context.townRoot())
        if reference == "host" { return (files.hostLog, nil) }
        return try await context.withTown(.readOnly) { town in
            let agent = try await town.agent(reference)
            return (files.log(agent: agent.name), try await town.otherLogs(of: agent))
        }
    }
}

extension Town {
    /// Where the log of an agent is whose turns may run on other machines: one sentence; nil where all is here.
    func otherLogs(of agent: Agent) async throws -> String? {
        let elsewhere = try await store.hosts().filter { isAlive($0) == nil && !$0.isForeground }
        guard !elsewhere.isEmpty else { return nil }
        let command = "tt logs \(TerminalText.line(agent.name))"
        let lease = try await store.leases().first { $0.token.agent == agent.id }
        if let host = elsewhere.first(where: { $0.id == lease?.token.host }) {
            let name = TerminalText.line(host.machineName)
            return "its present turn runs on \(name), where its log is: run \(command) there"
        }
        let names = Set(elsewhere.map { TerminalText.line($0.machineName) }).sorted().joined(separator: ", ")
        return "turns that ran on \(names) have their log there: run \(command) there"
    }
}
