import Arguments
import Configuration
import Model
import Operations
import Terminal

enum RestoreCommand {
    static let verb = Verb(
        CommandSpec(
            "restore", "Bring back the state that tt save wrote", group: Group.town,
            options: [
                .flag("force", nil, "replace what the town has now; it is kept in .tt/before-restore.jsonl"),
                .flag("check", nil, "only look whether the file is whole"),
            ],
            positionals: [
                Positional(
                    "FILE", .optional, "the snapshot; else \(TownSnapshot.fileName) in the town's folder",
                    completion: .file)
            ],
            examples: [
                Example("git pull && tt restore", "go on with what was saved on another machine"),
                Example("tt restore --check", "whether the file can be restored"),
                Example("tt restore --force monday.jsonl", "in place of what there is now"),
            ],
            discussion: "The file is checked first, and then everything changes or nothing. Hosts have to be stopped. "
                + "Restored agents take no turn before somebody gives them work or tt start is run.")
    ) { context in
        if context.arguments.flag("check") { return try await check(context) }
        let snapshot = try await context.withTown(.readWrite) { town in
            try await restore(town, from: context.snapshotFile(root: town.root), context)
        }
        try context.show(snapshot) { snapshot in
            [
                "✅ Restored \(snapshot.counts.shown)",
                "   Saved: \(snapshot.savedAt.dateAndClock) in town '\(TerminalText.line(snapshot.town))'",
                "   See it with: tt status",
            ]
        }
    }

    private static func check(_ context: CommandContext) async throws {
        let progress = ProgressLine(context)
        let snapshot = try await TownSnapshot.check(context.snapshotFile(root: try context.townRoot())) {
            progress.show("   read so far: \($0.shown)")
        }
        progress.end()
        try context.show(snapshot) { snapshot in
            [
                "✅ The snapshot is whole: \(snapshot.counts.shown)",
                "   Saved: \(snapshot.savedAt.dateAndClock) in town '\(TerminalText.line(snapshot.town))'",
            ]
        }
    }

    private static func restore(_ town: Town, from file: String, _ context: CommandContext) async throws
        -> TownSnapshot
    {
        let force = context.arguments.flag("force")
        return try await TownAtRest.hold(town) { deadHosts in
            context.say("📂 Restoring from \(TerminalText.line(context.relative(file)))...")
            let progress = ProgressLine(context)
            defer { progress.end() }
            if force {
                _ = try await TownSnapshot.check(file)
                _ = try await TownSnapshot.save(
                    town, to: TownFiles(root: town.root).state + "/before-restore.jsonl", overwrites: true,
                    program: Version.current)
            }
            let terms = ReplaceTerms(overwrites: force, deadHosts: deadHosts)
            return try await TownSnapshot.restore(town, from: file, terms) { counts in
                progress.show("   so far: \(counts.shown)")
            }
        }
    }
}
