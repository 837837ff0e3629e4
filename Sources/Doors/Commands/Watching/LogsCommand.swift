import Arguments
import Model
import Operations
import Terminal

enum LogsCommand {
    static let command = Command(
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
        let agent = arguments.required("AGENT")
        // What the host says can be read if the store cannot.
        if agent == "host" {
            let root = try context.townRoot()
            if follows { return try await follow(try FollowLog.host(root: root, lines: lines), context) }
            return try show(try ReadLog.host(root: root, lines: lines), context)
        }
        try await context.withTown(.readOnly) { town in
            let service = context.service(town)
            guard follows else {
                return try show(try await service.call(ReadLog.self, .init(agent: agent, lines: lines)).output, context)
            }
            let found = try await town.agent(agent)
            let text = try await service.open(FollowLog.self, .init(agent: agent, lines: lines))
            if let elsewhere = try await town.logElsewhere(of: found) {
                context.say(context.style.dim("── \(elsewhere.line(found.name))"))
            }
            try await follow(text, context)
        }
    }

    private static func show(_ log: ReadLog.Output, _ context: CommandContext) throws {
        if let elsewhere = log.elsewhere { context.warn(elsewhere.line(context.arguments.required("AGENT"))) }
        try context.show(log) { log in
            log.lines.isEmpty ? [] : [TerminalText.sanitized(log.lines.joined(separator: "\n"))]
        }
    }

    private static func follow(
        _ log: AsyncThrowingStream<FollowLog.Item, any Error>, _ context: CommandContext
    ) async throws {
        for try await added in log {
            guard context.console.write(TerminalText.sanitized(added.text)) else { return }
        }
    }
}

extension LogElsewhere {
    /// Where the rest of an agent's log is, for a terminal.
    func line(_ agent: String) -> String { TerminalText.line(CommandPhrase.text(remedy(agent: agent))) }
}
