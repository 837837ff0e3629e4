import Arguments

/// What pages and help say below a command: its exit codes, and what else to look at.
struct CommandNote {
    var exits: [ExitMeaning] = []
    var seeAlso: [String] = []

    init(_ exits: [Int32: String] = [:], see: [String] = []) {
        self.exits = exits.sorted { $0.key < $1.key }.map { ExitMeaning($0.key, $0.value) }
        seeAlso = see
    }
}

extension CommandSpec {
    /// The same declaration with its notes, down to the subcommands.
    func noted(_ path: [String] = []) -> CommandSpec {
        var spec = self
        if let note = CommandNotes.all[path.joined(separator: " ")] {
            (spec.exits, spec.seeAlso) = (note.exits, note.seeAlso)
        } else if path.count == 1 {
            spec.seeAlso = ["help"]
        }
        spec.subcommands = subcommands.map { $0.noted(path + [$0.name]) }
        return spec
    }
}

/// The notes of all commands, by the words after the program's name.
enum CommandNotes {
    private static let noAgent = "there is no such agent"
    private static let noTask = "there is no such task"
    private static let severalTasks = "the digits fit several tasks, or the task has already ended"
    private static let noLetter = "there is no such dead letter"

    static let all: [String: CommandNote] = [
        "init": CommandNote(
            [4: "the folder is already a town", 7: "the folder is / or your home, and nobody confirmed it"],
            see: ["spawn", "trust", "towns", "config"]),
        "trust": CommandNote(
            [3: "this is no town", 7: "nobody could be asked, or the answer was no"], see: ["init", "security.md"]),
        "towns": CommandNote(
            [3: "with forget: the town is not in the list", 4: "with forget: several towns have this name"],
            see: ["init", "trust"]),
        "save": CommandNote([4: "the file exists and is not a snapshot"], see: ["restore", "snapshots.md"]),
        "restore": CommandNote(
            [3: "there is no such file", 4: "the town is not empty", 7: "nobody confirmed it"],
            see: ["save", "reset", "snapshots.md"]),
        "store": CommandNote([4: "the other store is not empty", 5: "the store can't be reached"], see: ["redis.md"]),
        "store copy": CommandNote(
            [4: "the other store is not empty, or the town is at work", 5: "the store can't be reached"],
            see: ["save", "redis.md"]),
        "migrate": CommandNote([5: "the server can't be reached"], see: ["store copy", "compatibility.md"]),
        "config": CommandNote(see: ["init", "spawn"]),
        "bootstrap": CommandNote([5: "no server could be installed or built"], see: ["store copy", "redis.md"]),
        "spawn": CommandNote(
            [4: "the name is taken, or the town has max_agents agents", 5: "no host could be started"],
            see: ["assign", "list", "restart", "kill"]),
        "conductor": CommandNote(
            [6: "with --goal: the goal was not reached in time", 7: "with --goal: the conductor asks you something"],
            see: ["spawn", "plan", "inbox"]),
        "list": CommandNote(see: ["status", "spawn", "prune"]),
        "interrupt": CommandNote([3: noAgent, 4: "the agent has stopped"], see: ["resume", "kill", "attach"]),
        "resume": CommandNote([3: noAgent, 4: "the agent is not paused"], see: ["interrupt", "restart"]),
        "close": CommandNote([3: noAgent, 4: "the agent has stopped"], see: ["kill", "stop", "wait"]),
        "kill": CommandNote([3: noAgent], see: ["close", "stop", "restart"]),
        "restart": CommandNote([3: noAgent, 4: "the agent is still active"], see: ["kill", "resume", "spawn"]),
        "wait": CommandNote([3: noAgent, 6: "the agent was still active after --timeout"], see: ["close", "kill"]),
        "prune": CommandNote(see: ["list", "reset", "reclaim"]),
        "recover": CommandNote(see: ["doctor", "reclaim", "start"]),
        "reclaim": CommandNote([3: noAgent], see: ["recover", "prune", "backlog"]),
        "start": CommandNote([5: "no host could be started"], see: ["stop", "status"]),
        "stop": CommandNote([6: "the host was still running after --timeout"], see: ["start", "kill", "close"]),
        "reset": CommandNote([4: "agents are still active"], see: ["prune", "save"]),
        "assign": CommandNote(
            [3: noAgent, 4: "the agent's inbox is full", 7: "an agent may not give this task"],
            see: ["task", "backlog", "plan", "send"]),
        "send": CommandNote(
            [3: noAgent, 4: "the agent's inbox is full", 7: "an agent may not send this"],
            see: ["inbox", "assign", "dead"]),
        "inbox": CommandNote([3: noAgent, 4: "the inbox belongs to an agent"], see: ["send", "status", "dead"]),
        "task": CommandNote(see: ["assign", "backlog", "plan"]),
        "task complete": CommandNote([3: noTask, 4: severalTasks], see: ["task fail", "task current"]),
        "task fail": CommandNote([3: noTask, 4: severalTasks], see: ["task complete", "task cancel"]),
        "task cancel": CommandNote([3: noTask, 4: severalTasks], see: ["task fail"]),
        "task release": CommandNote([3: noTask, 4: "the task waits for nothing"], see: ["task list", "plans.md"]),
        "task wait": CommandNote(
            [1: "the task failed or was cancelled", 3: noTask, 6: "it had not ended after --timeout"],
            see: ["assign", "task show"]),
        "task retry": CommandNote([3: noTask, 4: "the task has not failed"], see: ["task fail", "dead retry"]),
        "task show": CommandNote([3: noTask, 4: "the digits fit several tasks"], see: ["task list", "history"]),
        "task current": CommandNote([3: "there is no such agent, or it has no open task"], see: ["status"]),
        "task list": CommandNote(see: ["task show", "status", "plan"]),
        "backlog": CommandNote([3: noTask], see: ["assign", "task", "plan"]),
        "backlog claim": CommandNote([3: noTask, 4: "somebody has it already"], see: ["backlog list"]),
        "plan": CommandNote([3: "there is no tasks.toml", 4: "tasks.toml exists already"], see: ["sync", "plans.md"]),
        "sync": CommandNote([3: "there is no tasks.toml"], see: ["plan", "task list", "plans.md"]),
        "dead": CommandNote([3: noLetter], see: ["doctor", "inbox"]),
        "dead retry": CommandNote([3: "there is no such dead letter or agent"], see: ["dead list"]),
        "status": CommandNote(see: ["list", "inbox", "attach", "doctor"]),
        "costs": CommandNote(see: ["status", "history"]),
        "attach": CommandNote([3: noAgent], see: ["logs", "events", "status"]),
        "logs": CommandNote([3: "there is no such agent, or it has no log"], see: ["attach", "events"]),
        "events": CommandNote([3: noAgent], see: ["history", "logs"]),
        "history": CommandNote([3: noAgent], see: ["events", "inbox"]),
        "doctor": CommandNote(
            [5: "the store can't be opened"], see: ["status", "recover", "doctor.md", "security.md"]),
        "auth": CommandNote(see: ["config"]),
        "help": CommandNote([2: "there is no such command"], see: ["completions"]),
        "version": CommandNote(see: ["help"]),
        "completions": CommandNote(see: ["help"]),
        "update": CommandNote(
            [3: "there is no such file", 5: "the address can't be reached"], see: ["version", "install.md"]),
    ]

    /// What exit codes mean, whichever the command.
    static let exits: [ExitMeaning] = [
        ExitMeaning(0, "done"), ExitMeaning(1, "failed"), ExitMeaning(2, "invalid usage"),
        ExitMeaning(3, "not found"), ExitMeaning(4, "conflict with what is there"),
        ExitMeaning(5, "unavailable now"), ExitMeaning(6, "timed out"), ExitMeaning(7, "needs your input"),
    ]

    /// Variables that every command reads, and those that an agent's processes have.
    static let environment: [(String, String)] = [
        ("TINYTOWN_TOWN", "the town's folder, if --town is not given"),
        ("TT_HOME", "the folder for your settings, your list of towns and trust, in place of ~/.tt"),
        ("NO_COLOR", "if it is set, nothing is coloured"),
        ("TINYTOWN_AGENT_ID, TINYTOWN_AGENT_NAME", "in a turn: the agent"),
        ("TINYTOWN_TASK_ID", "in a turn with tasks: the first of them"),
        ("TINYTOWN_TASK_IDS", "in a turn with tasks: all of them, oldest first, with spaces between them"),
    ]
}
