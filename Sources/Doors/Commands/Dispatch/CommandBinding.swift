/// Which command calls an operation, and where its fields stand in the command line.
///
/// Remedies of errors become command lines through this, and a test holds that every field of every operation can be
/// given, or says why not.
struct CommandBinding: Sendable {
    /// Where a field stands.
    enum Place: Sendable, Equatable {
        case positional
        case option(String)
        /// The value is the name of an option, as in `--query`.
        case flagOfValue
    }

    var operation: String
    /// The words after the program's name.
    var command: [String] = []
    /// By the names of fields in JSON.
    var places: [String: Place] = [:]
    /// Fields that the command does not offer, and why.
    var left: [String: String]

    /// - Parameter line: a command line with fields in it. `<agent>` stands for the value of `agent`, `--role` is the
    ///   option for the field of that name, `--cli=program` the option for the field `program`, and `--{kind}` an
    ///   option whose name is the value of `kind`. Other words belong to the command, options with a `!` as well.
    init(_ operation: String, _ line: String, left: [String: String] = [:]) {
        self.operation = operation
        self.left = left
        for word in line.split(separator: " ") {
            if word.hasPrefix("<") {
                places[String(word.dropFirst().dropLast())] = .positional
            } else if word.hasPrefix("--{") {
                places[String(word.dropFirst(3).dropLast())] = .flagOfValue
            } else if word.hasPrefix("--") {
                let parts = word.dropFirst(2).split(separator: "=").map(String.init)
                let field = parts.count > 1 ? parts[1] : String(parts[0].map { $0 == "-" ? "_" : $0 })
                places[field] = .option(parts[0])
            } else {
                command.append(String(word.hasPrefix("!") ? word.dropFirst() : word))
            }
        }
    }

    /// The binding of an operation, or of something else that remedies name.
    static func of(_ operation: String) -> CommandBinding? { byName[operation] }

    private static let byName = Dictionary(uniqueKeysWithValues: (operations + others).map { ($0.operation, $0) })

    private static let pages = ["offset": "a terminal scrolls, so the command takes a limit only"]
    private static let confirm = ["confirm": "the command asks, and --force answers"]

    static let operations = [
        CommandBinding(
            "agent.check_cli", "doctor", left: ["cli": "the doctor checks those that agents use, and the default"]),
        CommandBinding("agent.close", "close <agent>"),
        CommandBinding("agent.interrupt", "interrupt <agent> --reason"),
        CommandBinding("agent.kill", "kill <agent> --now"),
        CommandBinding("agent.list", "list --live"),
        CommandBinding("agent.log", "logs <agent> --lines"),
        CommandBinding("agent.prune", "prune --all=cold"),
        CommandBinding("agent.restart", "restart <agent> --rounds --cli"),
        CommandBinding("agent.resume", "resume <agent>"),
        CommandBinding("agent.spawn", "spawn <name> --cli --role --nickname --parent --max-rounds --new=fresh"),
        CommandBinding("agent.stop_all", "stop --now"),
        CommandBinding("agent.wait", "wait <agent> --timeout=timeout_seconds"),
        CommandBinding("auth.generate_key", "auth gen-key"),
        CommandBinding("backlog.add", "backlog add <description> --tags --depends-on --parent"),
        CommandBinding("backlog.assign_all", "backlog assign-all <agent>"),
        CommandBinding("backlog.claim", "backlog claim <task> <agent>"),
        CommandBinding("backlog.list", "backlog list", left: ["limit": "the command lists all"] + pages),
        CommandBinding("backlog.remove", "backlog remove <task>"),
        CommandBinding("conductor.brief", "conductor"),
        CommandBinding(
            "conductor.follow", "conductor !--goal", left: ["goal": "the command follows the goal that it gives"]),
        CommandBinding(
            "conductor.start", "conductor --goal --cli --max-rounds",
            left: ["following": "the command remembers which goal it followed"]),
        CommandBinding("config.get", "config <key>"),
        CommandBinding("config.set", "config <key> <value>"),
        CommandBinding("dead_letter.drop", "dead drop <ids> --all", left: ["to": "nobody gets what is dropped"]),
        CommandBinding("dead_letter.list", "dead list --limit", left: pages),
        CommandBinding("dead_letter.retry", "dead retry <ids> --all --to"),
        CommandBinding("dead_letter.show", "dead show <id>"),
        CommandBinding(
            "event.list", "events --count=limit --agent --type=types", left: ["after": "-f follows the log instead"]),
        CommandBinding("inbox.list_all", "inbox !--all --limit"),
        CommandBinding("inbox.read", "inbox <agent> --limit", left: pages),
        CommandBinding("inbox.take", "inbox !--take <agent> --limit"),
        CommandBinding(
            "message.broadcast", "send all <message> --{kind} --urgent --from --key"),
        CommandBinding(
            "message.send", "send <to> <message> --{kind} --urgent --from --key --correlation"),
        CommandBinding("plan.init", "plan !--init"),
        CommandBinding("plan.pull", "sync pull --all"),
        CommandBinding("plan.push", "sync push"),
        CommandBinding("plan.read", "plan"),
        CommandBinding("task.assign", "assign <agent> <task> --tags --depends-on --parent --urgent --from"),
        CommandBinding("task.cancel", "task cancel <task> --result"),
        CommandBinding("task.complete", "task complete <task> --result"),
        CommandBinding("task.current", "task current <agent>"),
        CommandBinding("task.fail", "task fail <task> --result"),
        CommandBinding("task.last", "task last <agent>"),
        CommandBinding("task.list", "task list --state --agent --limit", left: pages),
        CommandBinding("task.reclaim", "reclaim --from --to --to-backlog"),
        CommandBinding("task.release", "task release <task>"),
        CommandBinding("task.retry", "task retry <task>"),
        CommandBinding("task.show", "task show <task>"),
        CommandBinding("task.wait", "task wait <task> --timeout=timeout_seconds"),
        CommandBinding("town.check_snapshot", "restore !--check <file>"),
        CommandBinding("town.copy", "store copy --to --force"),
        CommandBinding(
            "town.costs", "costs --by --agent --days=since",
            left: ["utc_offset": "the command knows the zone of the terminal"]),
        CommandBinding(
            "town.init", "init --name", left: ["folder": "the command takes the folder that it runs in, or --town"]),
        CommandBinding("town.list", "towns"),
        CommandBinding("town.migrate", "migrate --hash --take-all", left: confirm),
        CommandBinding("town.recover", "recover"),
        CommandBinding("town.reset", "reset --agents-only", left: confirm),
        CommandBinding(
            "town.restore", "restore <file> --force", left: ["accepts": "the command asks, and --yes answers"]),
        CommandBinding("town.save", "save <file> --force"),
        CommandBinding("town.status", "status"),
    ]

    /// What remedies name and no operation of the catalogue does.
    static let others = [
        CommandBinding("agent.follow_log", "logs !-f <agent>"),
        CommandBinding("host.start", "start !--detach"),
    ]
}

private func + (one: [String: String], other: [String: String]) -> [String: String] {
    one.merging(other) { $1 }
}
