import Arguments
import Configuration
import Model
import Operations

/// What the shells' completion scripts ask. Prints one candidate a line and never an error: a shell shows it in the
/// middle of what somebody types.
enum CompleteCommand {
    static let verb = Verb(
        CommandSpec(
            "__complete", "Candidates for the shell",
            positionals: [
                Positional("KIND", .one, "agents, ended, paused, tasks, waiting, backlog, dead or clis"),
                Positional("PREFIX", .optional, "typed"),
            ], isHidden: true)
    ) { context in
        let prefix = (context.arguments.positional("PREFIX") ?? "").lowercased()
        let kind = context.arguments.required("KIND")
        // A shell's completion asks nothing and warns of nothing.
        guard let root = try? context.townRoot(), let configuration = try? TownConfiguration.load(root: root).0,
            context.isTrusted(root, configuration)
        else { return }
        let found = try? await context.withTown(.readOnly) { town in
            switch kind {
            case "agents": try await town.store.agents().filter { !$0.state.isTerminal }.map(\.name) + ["supervisor"]
            case "ended": try await town.store.agents().filter(\.state.isTerminal).map(\.name)
            case "paused": try await town.store.agents().filter { $0.state == .paused }.map(\.name)
            case "tasks":
                try await town.store.tasks(
                    TaskFilter(states: [.pending, .assigned, .running]), page: Page(limit: 200)
                ).map { String($0.id.description.prefix(8)) }
            case "waiting":
                try await town.store.tasks(TaskFilter(isWaiting: true), page: Page(limit: 200)).map {
                    String($0.id.description.prefix(8))
                }
            case "backlog":
                try await town.store.tasks(.backlog, page: Page(limit: 200)).map {
                    String($0.id.description.prefix(8))
                }
            case "dead":
                try await town.store.deadLetters(page: Page(limit: 200)).map(\.message.id.description)
            case "clis":
                Set(town.configuration.agentCLIs.keys)
                    .union(
                        ((try? GlobalConfiguration.load(home: context.home)) ?? GlobalConfiguration()).agentCLIs.keys
                    ).sorted()
            default: [String]()
            }
        }
        let fitting = (found ?? []).filter { $0.lowercased().hasPrefix(prefix) }
        context.console.write(fitting.map { $0 + "\n" }.joined())
    }
}
