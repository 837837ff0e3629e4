import Arguments
import Files
import Model
import Operations
import Terminal

enum RestoreCommand {
    static let command = Command(
        CommandSpec(
            "restore", "Restore the state that tt save wrote", group: Group.town,
            options: [
                .flag("force", nil, "replace the town's state, which is kept in .tt/before-restore.jsonl"),
                .flag("check", nil, "only check the file, and show what it would run"),
                .flag("yes", "y", "accept the CLIs of its agents without asking"),
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
                + "Restored agents take no turn before somebody gives them work or tt start is run. What they are run by is "
                + "shown: a command line that is neither a known CLI nor in use here needs your yes.")
    ) { context in
        if context.arguments.flag("check") { return try await check(context) }
        let snapshot = try await context.withTown(.readWrite, revives: false) { town in
            try await restore(town, from: context.restoredFile(root: town.root), context)
        }
        try context.show(snapshot) { snapshot in
            [
                "✅ Restored \(snapshot.counts.shown)",
                "   Saved: \(context.zone.dateAndClock(snapshot.savedAt)) \(context.zone.name(at: snapshot.savedAt)) in town '\(TerminalText.line(snapshot.town))'",
            ] + programs(snapshot) + ["   See it with: tt status"]
        }
    }

    private static func check(_ context: CommandContext) async throws {
        let progress = ProgressLine(context)
        let snapshot = try await TownSnapshot.check(context.restoredFile(root: try context.townRoot())) {
            progress.show("   read so far: \($0.shown)")
        }
        progress.end()
        try context.show(snapshot) { snapshot in
            [
                "✅ The snapshot is whole: \(snapshot.counts.shown)",
                "   Saved: \(context.zone.dateAndClock(snapshot.savedAt)) \(context.zone.name(at: snapshot.savedAt)) in town '\(TerminalText.line(snapshot.town))'",
            ] + programs(snapshot)
        }
    }

    private static func programs(_ snapshot: TownSnapshot) -> [String] {
        snapshot.clis.isEmpty
            ? [] : ["   Agents are run by: " + snapshot.clis.map(TerminalText.line).joined(separator: " · ")]
    }

    private static func restore(_ town: OpenTown, from file: String, _ context: CommandContext) async throws
        -> TownSnapshot
    {
        var town = town
        context.say("📂 Restoring from \(TerminalText.line(context.relative(file)))...")
        let progress = ProgressLine(context)
        defer { progress.end() }
        town.progress = { progress.show("   so far: \($0.shown)") }
        let foreign = try await context.call(CheckSnapshot.self, .init(file: file), in: town).foreignCLIs
        progress.end()
        try await ask(foreign, context)
        return try await context.call(
            RestoreTown.self, .init(file: file, force: context.arguments.flag("force"), accepts: foreign), in: town)
    }

    /// Asks about command lines that would come with the file: its author chose them, and the next message to one of
    /// its agents runs them.
    private static func ask(_ foreign: [String], _ context: CommandContext) async throws {
        if foreign.isEmpty || context.arguments.flag("yes") { return }
        guard context.console.isInputTerminal, !context.wantsJSON else {
            throw CommandFailure(
                .needsPerson, code: "needs_person",
                "the snapshot's agents are run by commands that are not known here: "
                    + foreign.map(TerminalText.line).joined(separator: " · "),
                hint: "nothing was changed; if you know the file's author, add --yes")
        }
        context.console.writeError("⚠️  Agents of this file are run by commands that are not known here:\n")
        for cli in foreign { context.console.writeError("     \(TerminalText.line(cli))\n") }
        context.console.writeError("   Restore them? [y/N] ")
        guard ["y", "yes"].contains(await context.console.readLine().lowercased()) else {
            throw CommandFailure(
                .failed, code: "cancelled", "nothing was changed", hint: "answer y, or do it with: tt restore --yes")
        }
    }
}

extension CommandContext {
    /// The snapshot to read. A link that a person names is followed; one that waits in the town's folder is not.
    fileprivate func restoredFile(root: String) -> String {
        let file = snapshotFile(root: root)
        return arguments.positional("FILE") == nil ? file : (try? Files.canonical(file)) ?? file
    }
}
