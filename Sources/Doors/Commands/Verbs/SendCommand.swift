import Arguments
import Model
import Operations
import Terminal

enum SendCommand {
    static let verb = Verb(
        CommandSpec(
            "send", "Send a message to an agent", group: Group.work,
            options: [
                .flag("query", nil, "a question that wants an answer"),
                .flag("info", nil, "for information; starts no turn"),
                .flag("ack", nil, "a confirmation; starts no turn"),
                .flag("urgent", nil, "read before everything that is not urgent"),
                .value(
                    "from", nil, "AGENT", "who sends it; else the agent whose turn this is, else the supervisor",
                    completion: .dynamic("agents")),
                .value("key", nil, "KEY", "two messages with one key are one message: repeating is safe"),
                .value("correlation", nil, "ID", "the message that this one answers"),
            ],
            positionals: [
                Positional(
                    "TO", .one, "an agent's name, nickname, label or id, or supervisor",
                    completion: .dynamic("agents")),
                Positional("MESSAGE", .optional, "the text; - or nothing reads it from standard input, any size"),
            ],
            examples: [
                Example("tt send backend \"The API tests fail on main\"", "work for backend"),
                Example("tt send backend --query \"Which port does the API use?\"", "a question"),
                Example("git diff | tt send reviewer -", "a text of any size"),
                Example("tt send supervisor --info \"Done\"", "tell the person in charge"),
            ],
            exclusive: [["query", "info", "ack"]],
            discussion: "Without --query, --info or --ack the message is a task. The text reaches the agent in full.")
    ) { context in
        let arguments = context.arguments
        let kind: SendMessage.Kind =
            arguments.flag("query") ? .query : arguments.flag("info") ? .info : arguments.flag("ack") ? .ack : .task
        let text = try await context.text(of: "MESSAGE")
        try await context.withTown(.readWrite) { town in
            let output = try await SendMessage.call(
                .init(
                    to: arguments.required("TO"), message: text, from: arguments.string("from"), kind: kind,
                    urgent: arguments.flag("urgent"), key: arguments.string("key"),
                    correlation: arguments.string("correlation")), in: town)
            try context.show(output) { Self.lines($0, kind) }
            // The supervisor's mailbox is read by a person, and an ended agent by nobody until it is restarted.
            if output.recipientState?.isTerminal == false { try await context.ensureHost(town) }
        }
    }

    private static func lines(_ output: SendMessage.Output, _ kind: SendMessage.Kind) -> [String] {
        let to = TerminalText.line(output.toName)
        if let refusal = output.refusal { return ["💀 Not delivered to '\(to)': \(TerminalText.line(refusal))"] }
        if output.duplicate { return ["📤 Sent before to '\(to)'; nothing was added (\(output.id))"] }
        let from = output.from == .supervisor ? "" : " (from \(TerminalText.line(output.fromName)))"
        var lines = [
            output.priority == .urgent
                ? "🚨 Sent URGENT \(kind.shown) message to '\(to)'\(from)"
                : "📤 Sent \(kind.shown) message to '\(to)'\(from)"
        ]
        if let state = output.recipientState, state.isTerminal || state == .paused {
            lines.append("   '\(to)' is \(state.rawValue): the message waits until it runs again")
        }
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
