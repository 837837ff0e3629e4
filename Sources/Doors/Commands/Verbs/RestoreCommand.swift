import Arguments
import Configuration
import Files
import Model
import Operations
import Processes
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
        let files = TownFiles(root: town.root)
        try files.prepare()
        // Whoever holds this lock is the background host; while we do, none can begin.
        guard let lock = try FileLock.tryAcquire(files.hostLock, text: "\(ProcessIdentity.current)\n") else {
            throw inUse
        }
        defer { withExtendedLifetime(lock) {} }
        let now = town.time.now()
        let hosts = try await town.store.hosts()
        guard !hosts.contains(where: { town.isAlive($0) ?? ($0.expiresAt > now) }) else { throw inUse }
        let terms = ReplaceTerms(overwrites: force, deadHosts: Set(hosts.map(\.id)))

        context.say("📂 Restoring from \(TerminalText.line(context.relative(file)))...")
        let progress = ProgressLine(context)
        defer { progress.end() }
        if force {
            _ = try await TownSnapshot.check(file)
            _ = try await TownSnapshot.save(
                town, to: files.state + "/before-restore.jsonl", overwrites: true, program: Version.current)
        }
        return try await TownSnapshot.restore(town, from: file, terms) { counts in
            progress.show("   so far: \(counts.shown)")
        }
    }

    private static var inUse: OperationError {
        OperationError(.conflict, "a host works in this town; nothing was changed", hint: "end it first: tt stop")
    }
}
