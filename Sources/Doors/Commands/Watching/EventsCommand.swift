import Arguments
import Model
import Operations

enum EventsCommand {
    static let command = Command(
        CommandSpec(
            "events", "Show the newest events", group: Group.watching,
            options: [
                .value("count", "c", "N", "how many of the newest to show, oldest first", standard: "20").alias(
                    "limit", "n"),
                .value("agent", nil, "AGENT", "only those of an agent", completion: .dynamic("mailboxes")),
                .value(
                    "type", nil, "TYPE", "only those of a type",
                    completion: .values(EventType.allCases.map(\.rawValue)),
                    isRepeatable: true),
                .flag("follow", "f", "then show each new event when it happens"),
            ],
            examples: [
                Example("tt events", "the newest 20"), Example("tt events -f", "what happens, as it happens"),
                Example("tt events -f --json --type task_completed", "one JSON object a line"),
            ])
    ) { context in
        let arguments = context.arguments
        let count = try arguments.int("count", in: 0...100_000) ?? 20
        let input = ReadEvents.Input(
            limit: count, agent: arguments.string("agent"), types: arguments.strings("type"))
        let follows = arguments.flag("follow")
        try await context.withTown(.readOnly) { town in
            guard follows else {
                let output = try await context.call(ReadEvents.self, input, in: town)
                let labels = context.wantsJSON ? [:] : try await town.labels()
                try context.show(output) { output in
                    output.events.isEmpty
                        ? ["No events."] : output.events.flatMap { EventText.row($0, labels, context) }
                }
                return
            }
            let events = try await context.service(town).open(
                FollowEvents.self, .init(limit: count, agent: input.agent, types: input.types))
            for try await event in events {
                let text =
                    if context.wantsJSON { try JSONText.line(event) } else {
                        EventText.row(event, try await town.labels(), context).joined(separator: "\n")
                    }
                guard context.console.write(text + "\n") else { return }
            }
        }
    }
}
