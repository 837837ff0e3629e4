import Arguments
import Configuration
import Model
import Operations
import Terminal

enum StoreCommand {
    static let command = Command(
        group: CommandSpec(
            "store", "Move the town between stores", group: Group.town,
            examples: [Example("tt store copy --to redis", "take the town to Redis")]),
        [copy])

    private static let copy = Command(
        CommandSpec(
            "copy", "Copy everything in the town into another store",
            options: [
                .value(
                    "to", nil, "STORE", "sqlite, or redis as the configuration describes it",
                    completion: .values(TownConfiguration.StoreKind.allCases.map(\.rawValue))),
                .flag("force", nil, "replace this town's state in the other store"),
            ],
            examples: [
                Example("tt store copy --to redis", "take the town to Redis"),
                Example("tt store copy --to sqlite --force", "and back, over what is still there"),
            ],
            discussion: "Hosts have to be stopped. What was copied is read back and compared. The town uses the other "
                + "store from the moment on when tinytown.toml says so: store = \"redis\".")
    ) { context in
        guard let kind = context.arguments.string("to").flatMap(TownConfiguration.StoreKind.init) else {
            throw CommandFailure.usage("--to is missing: the store to copy to, sqlite or redis")
        }
        let done = try await context.withTown(.readWrite, revives: false) { town in
            var town = town
            let progress = ProgressLine(context)
            defer { progress.end() }
            town.progress = { progress.show("   so far: \($0.shown)") }
            if kind != town.configuration.store {
                context.say("📦 Copying '\(TerminalText.line(town.name))' to \(kind.rawValue)...")
            }
            return try await context.call(
                CopyTown.self, .init(to: kind, force: context.arguments.flag("force")), in: town)
        }
        try context.show(done) { done in
            [
                "✅ Copied \(done.counts.shown)", "   Digest, the same in both: \(done.digest)",
                "   The town goes on there when tinytown.toml says: store = \"\(kind.rawValue)\"",
            ]
        }
    }
}
