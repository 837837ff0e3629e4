/// Which commands agents may run in their turns. Their operations look at what they act on; see `Authority`.
enum TurnRules {
    /// All others need a person: they change what all agents are run by, end others' work, or reach beyond the town.
    static let open: Set<String> = [
        "spawn", "host", "list", "interrupt", "resume", "close", "kill", "restart", "wait", "assign", "send", "inbox",
        "tasks", "task", "backlog", "plan", "sync", "dead", "status", "costs", "attach", "logs", "events", "history",
        "doctor",
        "help", "version", "completions", "complete", "docs", "update",
    ]

    /// - Parameter path: the command with its subcommand.
    static func needsPerson(_ path: [String]) -> Bool { !open.contains(path.first ?? "") }
}
