import Arguments
import Model
import Operations
import Terminal

enum MigrateCommand {
    static let command = Command(
        CommandSpec(
            "migrate", "Upgrade Redis keys written by older Tinytown versions", group: Group.town,
            options: [
                .flag("dry-run", nil, "only show what would change"),
                .flag("force", nil, "do it without asking"),
                .flag("hash", nil, "convert agents and tasks from JSON texts to hashes"),
                .flag("take-all", nil, "upgrade old keys even if other towns use the server"),
            ],
            examples: [
                Example("tt migrate --dry-run", "see what would change"),
                Example("tt migrate", "do it, after a question"),
                Example("tt migrate --force", "do it without one, in a script"),
                Example("tt migrate --hash --force", "records that an early version wrote as JSON"),
            ], exclusive: [["dry-run", "force"]],
            discussion:
                "Old keys begin with tt:agent: and the like, without the name of a town. Nothing is overwritten: "
                + "what is in the town already stays, lists are joined with the older entries first. Each step is whole "
                + "in itself, so an interrupted migration goes on with the same command. Ends with 1 where something "
                + "had to be left as it is.")
    ) { context in
        let isPreview = context.arguments.flag("dry-run")
        let hash = context.arguments.flag("hash")
        let output = try await context.withTown(isPreview ? .readOnly : .readWrite, revives: false) { town in
            let preview = try await context.call(MigrateTown.self, .init(hash: hash), in: town)
            if isPreview || preview.keys.isEmpty {
                var output = preview
                output.done = !isPreview
                try context.show(output) { lines($0, town, context) }
                return output
            }
            if !context.arguments.flag("force") { try await ask(preview, town, context) }
            let output = try await context.call(
                MigrateTown.self, .init(hash: hash, takeAll: context.arguments.flag("take-all"), confirm: true),
                in: town)
            try context.show(output) { lines($0, town, context) }
            return output
        }
        if output.done, !output.left.isEmpty {
            throw CommandFailure(
                .failed, code: "left", "\(output.left.count.of("old key")) could not be migrated",
                hint: "the lines above say why")
        }
    }

    // The question goes to standard error, so that standard output holds the result and nothing else.
    private static func ask(_ preview: MigrateTown.Output, _ town: OpenTown, _ context: CommandContext) async throws {
        let lines = ["🔄 Migrating to town-isolated format", "   Town: \(TerminalText.line(town.name))", ""]
        let summary = lines + ["   \(preview.keys.count.of("key")) will be migrated"]
        for line in summary { context.console.writeError(line + "\n") }
        context.console.writeError("   Continue? [y/N] ")
        let answer = await context.console.readLine()
        if !context.console.isInputTerminal { context.console.writeError("\n") }
        guard ["y", "yes"].contains(answer.lowercased()) else {
            throw CommandFailure(
                .failed, code: "cancelled", "nothing was changed", hint: "answer y, or do it with: tt migrate --force")
        }
    }

    private static let shown = 50

    private static func lines(_ output: MigrateTown.Output, _ town: OpenTown, _ context: CommandContext) -> [String] {
        var lines: [String] = []
        if output.keys.isEmpty {
            lines = ["✅ No migration needed"]
        } else if output.done {
            lines = ["✅ Migrated \(output.moved.of("key"))", "   Town: \(TerminalText.line(town.name))"]
        } else {
            lines = ["🔍 Migration Preview (dry run)", "   Town: \(TerminalText.line(town.name))", ""]
            lines.append("   Keys to migrate:")
            for key in output.keys.prefix(shown) {
                let target = key.from == key.to ? "becomes a hash" : "→ \(TerminalText.line(key.to))"
                lines.append("   \(TerminalText.line(key.from)) \(target)")
            }
            if output.keys.count > shown {
                lines.append("   … and \(output.keys.count - shown) more; --json lists all")
            }
            lines += ["", "   Total: \(output.keys.count.of("key")) would be migrated", ""]
            if !output.otherTowns.isEmpty {
                let names = output.otherTowns.prefix(5).map { TerminalText.line($0) }.joined(separator: ", ")
                lines.append("   ⚠️  Old keys do not say whose they are, and other towns use the server: \(names)")
                lines.append("   Where they are this town's, run 'tt migrate --take-all'.")
            } else {
                lines.append("   Run 'tt migrate' (without --dry-run) to perform migration.")
            }
        }
        for left in output.left.prefix(shown) {
            lines.append("   ⚠️  \(TerminalText.line(left.key)) stays: \(TerminalText.line(left.reason))")
        }
        if output.left.count > shown { lines.append("   … and \(output.left.count - shown) more that stay") }
        if output.jsonRecords > 0 {
            lines.append("   \(output.jsonRecords.of("record")) of this town in JSON: run 'tt migrate --hash'")
        }
        return lines
    }
}
