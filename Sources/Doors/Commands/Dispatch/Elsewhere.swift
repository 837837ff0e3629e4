/// Words that people bring from other programs and from the documents of Tinytown and TinyAGI, and what to use here.
enum Elsewhere {
    static let words: [String: String] = {
        var words: [String: String] = [:]
        for (names, instead) in table { for name in names { words[name] = instead } }
        return words
    }()

    /// Other names of commands, which are understood but not listed.
    static let aliases: [String: [String]] = [
        "list": ["ls", "ps"], "start": ["up"], "stop": ["down"], "interrupt": ["pause"],
        "resume": ["unpause", "continue"], "logs": ["log", "tail"], "costs": ["cost", "usage"],
    ]

    private static let later = "comes with a later version"

    private static let table: [([String], String)] = [
        (["new", "create", "add"], "`tt init` creates a town, `tt spawn NAME` adds an agent"),
        (["rm", "remove", "delete"], "`tt kill NAME` stops an agent, `tt prune` removes those that have stopped"),
        (
            ["run", "exec", "do"],
            "`tt assign AGENT TASK --wait` runs a task, `tt spawn NAME --foreground` runs an agent in this terminal"
        ),
        (["broadcast"], "`tt send all TEXT` sends to every agent"),
        (["ask", "chat", "message", "msg", "tell"], "`tt send AGENT TEXT` sends a message, with --query a question"),
        (["queue"], "`tt inbox AGENT` shows what waits, `tt dead list` what failed too often"),
        (["setup", "onboard"], "`tt init` creates a town in this folder"),
        (["login", "logout"], "each agent CLI has its own login, such as `claude` or `codex login`"),
        (
            ["mission", "missions"],
            "it comes with missions, in a later version; until then: `tt conductor --goal TEXT`"
        ),
        (["townhall", "api", "mcp"], "townhall \(later); programs can use --json"),
        (["portal", "office", "tinyoffice"], "the web portal \(later); until then: `tt status --watch`"),
        (["agent", "agents"], "`tt spawn NAME` adds an agent, `tt list` shows all"),
        (
            ["team", "teams"],
            "teams by name come with a later version; until then: `tt spawn NAME --role ROLE --parent AGENT`"
        ),
        (
            ["provider", "model"],
            "`tt config default_cli NAME` sets the default CLI, `tt restart AGENT --cli NAME` changes an agent's"
        ),
        (["channel", "channels", "pairing"], "chat channels come with a later version"),
        (["heartbeat", "schedule", "cron"], "schedules come with a later version"),
        (["skill", "skills", "plugin", "plugins"], "an agent's skills and plugins are those of its CLI"),
    ]
}
