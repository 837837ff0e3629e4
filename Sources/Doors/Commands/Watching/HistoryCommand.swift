import Arguments
import Operations

enum HistoryCommand {
    static let command = Command(
        CommandSpec(
            "history", "Show recent history", group: Group.watching,
            options: [
                .value("limit", "n", "N", "how many of the newest to show, oldest first", standard: "30"),
                .value("agent", "a", "AGENT", "only what is about an agent", completion: .dynamic("mailboxes")),
            ],
            examples: [
                Example("tt history", "the newest 30 things that happened"),
                Example("tt history -n 100 -a backend", "the newest hundred about one agent"),
            ],
            discussion: "The same log as tt events, which can also follow it and pick types.")
    ) { context in
        let limit = try context.arguments.int("limit", in: 1...100_000) ?? 30
        let input = ReadEvents.Input(limit: limit, agent: context.arguments.string("agent"))
        try await context.withTown(.readOnly) { town in
            let output = try await context.call(ReadEvents.self, input, in: town)
            let labels = context.wantsJSON ? [:] : try await town.labels()
            try context.show(output) { output in
                guard !output.events.isEmpty else { return ["📜 Nothing has happened yet."] }
                return ["📜 History:"] + EventText.story(output.events, labels, context)
            }
        }
    }
}
