import Arguments
import Operations
import Terminal

enum TownsCommand {
    static let command = Command(
        CommandSpec(
            "towns", "List your towns, or take some out of the list", group: Group.town,
            options: [.flag("missing", nil, "with forget: all towns whose folder no longer exists")],
            positionals: [
                Positional(
                    "ACTION", .optional, "forget: take towns out of the list", completion: .values(["forget"])),
                Positional("TOWN", .any, "with forget: names or folders", completion: .dynamic("towns")),
            ],
            examples: [
                Example("tt towns", "where they are and which agents they have"),
                Example("tt towns forget old-shop", "take one out of the list, by its name or folder"),
                Example("tt towns forget --missing", "take out all whose folder no longer exists"),
            ],
            discussion: "No town is started or changed. To forget a town only removes it from this list: its folder "
                + "stays, and it is listed again after tt init or tt restore in it.")
    ) { context in
        switch context.arguments.positional("ACTION") {
        case nil:
            if context.arguments.flag("missing") {
                throw CommandFailure.usage("--missing belongs to forget", hint: "tt towns forget --missing")
            }
            try await list(context)
        case "forget": try ForgottenTowns.forget(context)
        case let other?:
            throw CommandFailure.usage("unknown action '\(other)'", hint: "use: tt towns, or tt towns forget TOWN")
        }
    }

    private static func list(_ context: CommandContext) async throws {
        let towns = try await context.call(ListTowns.self, Nothing())
        try context.show(towns) { towns in
            guard !towns.towns.isEmpty else {
                return ["📭 No towns registered yet.", "   Run 'tt init' in a folder to register a town."]
            }
            let entries = towns.towns.flatMap { town in
                [
                    "   \(TerminalText.line(town.name)) - \(town.summary)",
                    "      📂 \(TerminalText.line(town.path))", "",
                ]
            }
            return ["🏘️  Registered Towns (\(towns.towns.count)):", ""] + entries.dropLast()
        }
    }
}

extension TownEntryView {
    fileprivate var summary: String {
        switch state {
        case .ok: "[OK] \(agents ?? 0) agents (\(live ?? 0) active)" + (isServed ? ", host runs" : "")
        case .stopped: "[STOPPED] \(agents ?? 0) agents"
        case .missing: "❌ (path not found)"
        case .noConfiguration: "⚠️  (no config)"
        case .unavailable: "[UNAVAILABLE] \(TerminalText.line(message ?? ""))"
        }
    }
}
