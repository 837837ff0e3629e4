import Arguments
import Configuration
import Model
import Operations

/// What the shells' completion scripts ask. Prints one candidate a line and never an error: a shell shows it in the
/// middle of what somebody types.
enum CompleteCommand {
    static let command = Command(
        CommandSpec(
            "__complete", "Candidates for the shell",
            positionals: [
                Positional(
                    "KIND", .one,
                    "agents, known, recipients, receivers, mailboxes, logged, ended, paused, tasks, ready, failed, any-task, waiting, backlog, "
                        + "dead, clis, towns or commands"),
                Positional("PREFIX", .optional, "typed"),
            ], isHidden: true)
    ) { context in
        let typed = context.arguments.positional("PREFIX") ?? ""
        // In a list, what is typed last is completed, and the rest stays.
        let before = typed.lastIndex(of: ",").map { String(typed[...$0]) } ?? ""
        let prefix = typed.dropFirst(before.count).lowercased()
        let fitting = await candidates(context.arguments.required("KIND"), context)
            .filter { $0.lowercased().hasPrefix(prefix) }
        context.console.write(fitting.map { before + $0 + "\n" }.joined())
    }

    private static func candidates(_ kind: String, _ context: CommandContext) async -> [String] {
        switch kind {
        case "commands": return CommandTable.all.map(\.spec).filter { !$0.isHidden }.map(\.name)
        case "towns":
            let entries = (try? TownRegistry(home: context.home).entries()) ?? []
            let names = entries.map(\.name)
            // Several towns of one name are told apart by their folders.
            return entries.map { entry in names.count { $0 == entry.name } == 1 ? entry.name : entry.path }
        default: break
        }
        // A shell's completion asks nothing and warns of nothing.
        guard let root = try? context.townRoot(), let configuration = try? TownConfiguration.load(root: root).0,
            context.isTrusted(root, configuration)
        else { return [] }
        return (try? await context.withTown(.readOnly) { town in try await candidates(kind, town, context) }) ?? []
    }

    private static func candidates(_ kind: String, _ town: OpenTown, _ context: CommandContext) async throws -> [String]
    {
        func agents(_ isMeant: (Agent) -> Bool) async throws -> [String] {
            try await town.store.agents().filter(isMeant).map(\.name)
        }
        func tasks(_ filter: TaskFilter) async throws -> [String] {
            try await town.store.tasks(filter, page: Page(limit: 200)).map { String($0.id.description.prefix(8)) }
        }
        switch kind {
        case "agents": return try await agents { !$0.state.isTerminal }
        case "known": return try await agents { _ in true }
        case "recipients": return try await agents { !$0.state.isTerminal } + ["supervisor"]
        case "receivers": return try await agents { !$0.state.isTerminal } + ["supervisor", "all"]
        case "mailboxes": return try await agents { _ in true } + ["supervisor"]
        case "logged": return try await agents { _ in true } + ["host"]
        case "ended": return try await agents(\.state.isTerminal)
        case "paused": return try await agents { $0.state == .paused }
        case "tasks": return try await tasks(TaskFilter(states: [.pending, .assigned, .running]))
        case "ready": return try await tasks(TaskFilter(states: [.pending, .assigned, .running], isWaiting: false))
        case "failed": return try await tasks(TaskFilter(states: [.failed, .cancelled]))
        case "any-task": return try await tasks(TaskFilter())
        case "waiting": return try await tasks(TaskFilter(isWaiting: true))
        case "backlog": return try await tasks(.backlog)
        case "dead": return try await town.store.deadLetters(page: Page(limit: 200)).map(\.message.id.description)
        case "clis":
            let own = ((try? GlobalConfiguration.load(home: context.home)) ?? GlobalConfiguration()).agentCLIs.keys
            return Set(town.configuration.agentCLIs.keys).union(own).sorted()
        default: return []
        }
    }
}
