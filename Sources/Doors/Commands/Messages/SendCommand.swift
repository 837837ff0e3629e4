import Arguments
import Model
import Operations
import Terminal

enum SendCommand {
    static let command = Command(
        CommandSpec(
            "send", "Send a message to an agent", group: Group.work,
            options: [
                .flag("query", nil, "a question that needs an answer"),
                .flag("info", nil, "information; it starts no turn"),
                .flag("ack", nil, "a confirmation; it starts no turn"),
                .flag("urgent", nil, "deliver before messages that are not urgent"),
                .value(
                    "from", nil, "AGENT", "the sender (default: the agent in whose turn you are, or the supervisor)",
                    completion: .dynamic("recipients")),
                .value("key", nil, "KEY", "messages with the same key are sent once, so repeating is safe"),
                .value("correlation", nil, "ID", "the message that this one answers"),
            ],
            positionals: [
                Positional(
                    "TO", .one, "an agent's name, nickname or id; supervisor; or all",
                    completion: .dynamic("receivers")),
                Positional("MESSAGE", .optional, "the text; without it, or with -, it is read from standard input"),
            ],
            examples: [
                Example("tt send backend \"The API tests fail on main\"", "work for backend"),
                Example("tt send backend --query \"Which port does the API use?\"", "a question"),
                Example("git diff | tt send reviewer -", "a text of any size"),
                Example("tt send all --info \"The API moved to port 8081\"", "tell every agent"),
                Example("tt send supervisor --info \"Done\"", "tell the person in charge"),
            ],
            exclusive: [["query", "info", "ack"]],
            discussion: "Without --query, --info or --ack the message is a task. The text reaches the agent in full. "
                + "`all` (or `everyone`) means every agent that has not stopped, except the sender.")
    ) { context in
        let arguments = context.arguments
        let kind: SendMessage.Kind =
            arguments.flag("query") ? .query : arguments.flag("info") ? .info : arguments.flag("ack") ? .ack : .task
        let text = try await context.text(of: "MESSAGE")
        try await context.withTown(.readWrite) { town in
            if Broadcast.names.contains(arguments.required("TO").lowercased()) {
                return try await broadcast(text, kind, town, context)
            }
            let output = try await context.call(
                SendMessage.self,
                .init(
                    to: arguments.required("TO"), message: text, from: arguments.string("from"), kind: kind,
                    urgent: arguments.flag("urgent"), key: arguments.string("key"),
                    correlation: arguments.string("correlation")), in: town)
            try context.show(output) { Self.lines($0, kind) }
        }
    }

    private static func broadcast(
        _ text: String, _ kind: SendMessage.Kind, _ town: OpenTown, _ context: CommandContext
    ) async throws {
        let arguments = context.arguments
        if arguments.string("correlation") != nil {
            throw CommandFailure.usage("an answer goes to one agent, not to all", hint: "leave --correlation out")
        }
        let output = try await context.call(
            Broadcast.self,
            .init(
                message: text, from: arguments.string("from"), kind: kind, urgent: arguments.flag("urgent"),
                key: arguments.string("key")), in: town)
        try context.show(output) { $0.messages.flatMap { lines($0, kind) } }
    }

    private static func lines(_ output: SendMessage.Output, _ kind: SendMessage.Kind) -> [String] {
        let to = TerminalText.line(output.toName)
        if let refusal = output.refusal { return ["💀 Not delivered to '\(to)': \(TerminalText.line(refusal))"] }
        if output.duplicate { return ["📤 Already sent to '\(to)'; nothing was added (\(output.id))"] }
        let from = output.from == .supervisor ? "" : " (from \(TerminalText.line(output.fromName)))"
        var lines = [
            output.priority == .urgent
                ? "🚨 Sent URGENT \(kind.shown) message to '\(to)'\(from)"
                : "📤 Sent \(kind.shown) message to '\(to)'\(from)"
        ]
        lines += StandstillText.lines(output.toName, output.standstill, output.continueWith, "the message")
        return lines
    }
}

extension SendMessage.Kind {
    fileprivate var shown: String {
        switch self {
        case .task: "task"
        case .query: "query"
        case .info: "informational"
        case .ack: "confirmation"
        }
    }
}
