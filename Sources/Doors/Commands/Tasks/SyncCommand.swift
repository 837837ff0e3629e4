import Arguments
import Operations
import Terminal
import Text

enum SyncCommand {
    static let command = Command(
        CommandSpec(
            "sync", "Sync tasks.toml with the town (push or pull)", group: Group.work,
            options: [.flag("all", "a", "with pull: also add ended tasks that are only in the town")],
            positionals: [
                Positional(
                    "DIRECTION", .optional, "push (default): file to town; pull: town to file",
                    completion: .values(["push", "pull"]))
            ],
            examples: [
                Example("tt sync push", "create and update the plan's tasks; repeating it changes nothing"),
                Example("tt sync pull", "write states and agents back, before a commit"),
            ],
            discussion:
                "Push finds the town's tasks by the ids of the plan. What is not started follows the plan; what "
                + "runs or has ended stays as it is. Tasks without an agent go to the backlog. Pull changes only values "
                + "that differ and keeps comments and order; open tasks that are only in the town are added at the end."
        )
    ) { context in
        switch context.arguments.positional("DIRECTION") ?? "push" {
        case "push": try await push(context)
        case "pull": try await pull(context)
        case let other:
            let close = Suggestion.closest(to: other, among: ["push", "pull"])
            throw CommandFailure.usage(
                "there is no direction '\(other)'", hint: close.map { "did you mean '\($0)'?" } ?? "use push or pull")
        }
    }

    private static func push(_ context: CommandContext) async throws {
        if context.arguments.flag("all") { throw CommandFailure.usage("--all belongs to pull") }
        try await context.withTown(.readWrite) { town in
            let output = try await context.call(PushPlan.self, .init(), in: town)
            try context.show(output) { output in
                let parts = [(PushedTask.Outcome.created, "new"), (.changed, "changed"), (.unchanged, "as before")]
                    .map { (output.count($0.0), $0.1) }.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
                let count = output.tasks.count
                let detail = parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
                return ["⬆️  Pushed \(count) \(count == 1 ? "task" : "tasks") from tasks.toml to the town\(detail)"]
                    + output.notes.map { "   • \(TerminalText.line($0))" }
            }
        }
    }

    private static func pull(_ context: CommandContext) async throws {
        let all = context.arguments.flag("all")
        let output = try await context.withTown(.readOnly) { town in
            try await context.call(PullPlan.self, .init(all: all), in: town)
        }
        try context.show(output) { output in
            let count = output.pulled + output.added.count
            var lines = ["⬇️  Pulled \(count) \(count == 1 ? "task" : "tasks") from the town to tasks.toml"]
            func add(_ ids: [String], _ words: String) {
                guard !ids.isEmpty else { return }
                let rest = ids.count > 12 ? " and \(ids.count - 12) more" : ""
                lines.append("   • \(words): \(TerminalText.line(ids.prefix(12).joined(separator: ", ")))\(rest)")
            }
            add(output.changed, "changed")
            add(output.added, "added, because they were only in the town")
            add(output.unknown, "not in the town yet (tt sync push)")
            if output.leftOut > 0 {
                lines.append("   • \(output.leftOut) ended only in the town and left out (tt sync pull --all)")
            }
            return lines
        }
    }
}
