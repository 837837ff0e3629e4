import Arguments
import Files
import Operations
import Terminal

enum SaveCommand {
    static let command = Command(
        CommandSpec(
            "save", "Save the town's state in a file for version control", group: Group.town,
            options: [.flag("force", nil, "replace a file that is not a snapshot")],
            positionals: [
                Positional(
                    "FILE", .optional, "where to; else \(TownSnapshot.fileName) in the town's folder",
                    completion: .file)
            ],
            examples: [
                Example("tt save", "everything, in one text file that diffs well"),
                Example("tt save ../monday.jsonl", "into another file"),
                Example("tt save && git add \(TownSnapshot.fileName)", "keep it under version control"),
            ],
            discussion: "Agents may go on working: the snapshot shows one moment, with turns that were under way as "
                + "work that waits. tt restore brings it back, on this or another machine.")
    ) { context in
        let snapshot = try await context.withTown(.readOnly, revives: false) { town in
            var town = town
            let input = SaveTown.Input(
                file: context.snapshotFile(root: town.root), force: context.arguments.flag("force"))
            context.say("💾 Saving the town's state...")
            let progress = ProgressLine(context)
            defer { progress.end() }
            town.progress = { progress.show("   saved so far: \($0.shown)") }
            return try await context.call(SaveTown.self, input, in: town)
        }
        try context.show(snapshot) { snapshot in
            let file = TerminalText.line(context.relative(snapshot.file))
            let masked = snapshot.masked ?? 0
            let secrets =
                masked == 0
                ? []
                : [
                    "   Masked: secrets in \(masked) record\(masked == 1 ? "" : "s"); the town itself still has them, "
                        + "and a restored one will not"
                ]
            return [
                "   Snapshot: \(file) (\(snapshot.bytes.shownBytes))", "   Holds: \(snapshot.counts.shown)",
            ] + secrets + [
                "",
                "   To keep it under version control:", "   git add \(file)", "   git commit -m 'Save town state'",
            ]
        }
    }
}

extension CommandContext {
    /// The file that `FILE` names from the working directory, else the one in the town's folder.
    func snapshotFile(root: String) -> String {
        guard let path = arguments.positional("FILE") else { return root + "/" + TownSnapshot.fileName }
        return path.hasPrefix("/") ? path : parts.folder + "/" + path
    }
}
