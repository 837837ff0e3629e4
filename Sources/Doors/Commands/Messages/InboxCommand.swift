import Arguments
import Model
import Operations
import Terminal

enum InboxCommand {
    static let command = Command(
        CommandSpec(
            "inbox", "Show the messages that wait for an agent", group: Group.work,
            options: [
                .flag("all", "a", "all agents that have messages, and the supervisor"),
                .flag("full", nil, "show whole texts"),
                .flag("take", nil, "remove the messages after showing them; only for the supervisor's mailbox"),
                .value("limit", "n", "N", "maximum messages per inbox", standard: "100"),
            ],
            positionals: [
                Positional(
                    "AGENT", .optional, "an agent, or supervisor, which is the default",
                    completion: .dynamic("mailboxes"))
            ],
            examples: [
                Example("tt inbox", "what the agents told you"),
                Example("tt inbox --take --full", "read it and clear the list"),
                Example("tt inbox backend", "what waits for backend"),
                Example("tt inbox --all", "everything that waits"),
            ], exclusive: [["all", "take"]],
            discussion: "Looking removes nothing: an agent's messages are removed by its own turns.")
    ) { context in
        let arguments = context.arguments
        let limit = try arguments.int("limit", in: 1...100_000) ?? 100
        if arguments.flag("all") {
            guard arguments.positional("AGENT") == nil else {
                throw CommandFailure.usage("--all and an agent can't be used together")
            }
            try await context.withTown(.readOnly) { town in try await showAll(context, town, limit) }
            return
        }
        let agent = arguments.positional("AGENT")
        let output: ReadInbox.Output
        if arguments.flag("take") {
            output = try await context.withTown(.readWrite) { town in
                try await context.call(TakeInbox.self, .init(agent: agent, limit: limit), in: town)
            }
        } else {
            output = try await context.withTown(.readOnly) { town in
                try await context.call(ReadInbox.self, .init(agent: agent, limit: limit), in: town)
            }
        }
        try context.show(output) { output in
            let name = TerminalText.line(output.agent)
            let count = output.messages.count
            let command = arguments.flag("take") ? "Took from" : "Inbox for"
            let notice = output.notice.map { ["   ⚠️  \(TerminalText.line($0))"] } ?? []
            guard count > 0 else { return ["📬 \(command) '\(name)': no messages"] + notice }
            let head = "📬 \(command) '\(name)': \(count) message\(count == 1 ? "" : "s")"
            return [head] + notice
                + output.messages.flatMap { MessageText.entry($0, full: arguments.flag("full"), context) }
        }
    }

    /// `tt tasks`, which Tinytown's book deprecates in favour of `tt inbox --all`.
    static let deprecatedCommand = Command(
        CommandSpec(
            "tasks", "The same as inbox --all", examples: [Example("tt tasks", "all that waits")], isHidden: true)
    ) { context in
        context.warn("'tt tasks' is now called 'tt inbox --all'")
        try await context.withTown(.readOnly) { town in try await showAll(context, town, 100) }
    }

    private static func showAll(_ context: CommandContext, _ town: OpenTown, _ limit: Int) async throws {
        let everything = try await context.call(ListInboxes.self, .init(limit: limit), in: town)
        let agents = try await context.call(ListAgents.self, .init(), in: town).agents
        let states = Dictionary(uniqueKeysWithValues: agents.map { ($0.id, $0.state) })
        try context.show(everything) { everything in
            guard !everything.inboxes.isEmpty else { return ["📬 No messages wait for anybody"] }
            var lines = ["📋 Pending Messages by Agent:"]
            for inbox in everything.inboxes {
                let state = states[inbox.agentID].map { " (\($0.shown))" } ?? ""
                lines += ["", "  \(TerminalText.line(inbox.agent))\(state):"]
                lines += counts(inbox.messages)
                for message in inbox.messages.prefix(context.arguments.flag("full") ? .max : 5) {
                    lines += MessageText.entry(
                        message, full: context.arguments.flag("full"), context, indent: 4)
                }
                if !context.arguments.flag("full"), inbox.messages.count > 5 {
                    lines.append("    … and \(inbox.messages.count - 5) more: tt inbox \(inbox.agent)")
                }
            }
            return lines + ["", "Total: \(everything.actionable.of("actionable message"))"]
        }
    }

    private static func counts(_ messages: [MessageView]) -> [String] {
        let words: [(MessageBody.Category, String)] = [
            (.task, "tasks requiring action"), (.query, "queries awaiting response"),
            (.informational, "informational"), (.confirmation, "confirmations"), (.otherActionable, "other"),
        ]
        return words.compactMap { category, word in
            let count = messages.filter { $0.category == category }.count
            return count > 0 ? "    \(category.tag) \(count) \(word)" : nil
        }
    }
}
