import Arguments
import Operations
import Terminal

enum DeadCommand {
    static let command = Command(
        group: CommandSpec(
            "dead", "Inspect, retry or drop messages that failed too often", group: Group.work,
            examples: [
                Example("tt dead list", "messages that failed too often, and why"),
                Example("tt dead retry --all", "retry all of them"),
            ],
            discussion: "A message becomes a dead letter when its turns failed too often, or when it was passed on by "
                + "too many agents. Nothing is lost: it waits here until it is retried or dropped."),
        [list, show, retry, drop])

    private static let message = Positional("MESSAGE", .any, "ids, or their first digits", completion: .dynamic("dead"))
    private static let all = Option.flag("all", nil, "all dead letters")

    private static let list = Command(
        CommandSpec(
            "list", "List dead letters, newest first",
            options: [.value("limit", "n", "N", "maximum number to list", standard: "100")],
            examples: [Example("tt dead list", "messages that failed too often, and why")])
    ) { context in
        let limit = try context.arguments.int("limit", in: 1...1_000_000) ?? 100
        let output = try await context.withTown(.readOnly) { town in
            try await context.call(ListDeadLetters.self, .init(limit: limit), in: town)
        }
        try context.show(output) { output in
            guard !output.messages.isEmpty else { return ["No dead letters."] }
            return output.messages.flatMap { MessageText.dead($0, full: false, context) }
        }
    }

    private static let show = Command(
        CommandSpec(
            "show", "Show a dead letter in full",
            positionals: [Positional("MESSAGE", .one, "id, or its first digits", completion: .dynamic("dead"))],
            examples: [Example("tt dead show 3f2a", "the whole text and why it failed")])
    ) { context in
        let output = try await context.withTown(.readOnly) { town in
            try await context.call(
                ShowDeadLetter.self, DeadLetterInput(id: context.arguments.required("MESSAGE")), in: town)
        }
        try context.show(output) { MessageText.dead($0.message, full: true, context) }
    }

    private static let retry = Command(
        CommandSpec(
            "retry", "Retry dead letters",
            options: [
                all,
                .value("to", nil, "AGENT", "into this inbox instead", completion: .dynamic("recipients")),
            ], positionals: [message],
            examples: [
                Example("tt dead retry 3f2a", "retry one"),
                Example("tt dead retry --all", "retry all"),
                Example("tt dead retry 3f2a --to backend", "its own agent is gone"),
            ])
    ) { context in
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(RetryDeadLetters.self, input(context), in: town)
            try context.show(output) { lines($0, "🔁", "put back") }
        }
    }

    private static let drop = Command(
        CommandSpec(
            "drop", "Delete dead letters", options: [all], positionals: [message],
            examples: [Example("tt dead drop 3f2a", "it is no longer needed")])
    ) { context in
        let output = try await context.withTown(.readWrite) { town in
            try await context.call(DropDeadLetters.self, input(context), in: town)
        }
        try context.show(output) { lines($0, "🗑️ ", "dropped") }
    }

    private static func input(_ context: CommandContext) -> DeadLettersInput {
        DeadLettersInput(
            ids: context.arguments.positionalList("MESSAGE"), all: context.arguments.flag("all"),
            to: context.arguments.string("to"))
    }

    private static func lines(_ output: ChangedMessages, _ icon: String, _ word: String) -> [String] {
        if output.ids.isEmpty, output.skipped.isEmpty { return ["No dead letters."] }
        return output.ids.map { "\(icon) \($0) \(word)" }
            + output.skipped.map { "   left as it is: \(TerminalText.line($0))" }
    }
}
