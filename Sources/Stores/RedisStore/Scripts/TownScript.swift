import Redis

/// The verbs in Lua. Arguments: the verb, '1' where a change is announced, then those of the verb.
///
/// Replies: `ok` and what the verb says, or `no`, a code and a text where the verb refuses and has changed nothing.
enum TownScript {
    /// All verbs as one function that the server keeps, which costs about half of a script.
    static let library = RedisLibrary(family: "tinytown", body: joined(LuaParts.all), entry: "serveShort")

    /// The script that holds a verb, for servers and users without functions. What is called most often has scripts that
    /// hold little else, because a server builds all of a script's functions for each call.
    static func holding(_ verb: String) -> RedisScript {
        switch verb {
        case "send", "inbox", "take", "acknowledge", "delivery": mail
        case "lease", "renew", "note", "commit", "release", "leases": turns
        case "bring", "bringList", "bringStop", "bringBacklog": migration
        default: town
        }
    }

    private static let mail = script(base.union(["message-verbs"]))
    private static let turns = script(base.union(tasks).union(["message-verbs", "turn-verbs"]))
    private static let migration = script(base.union(tasks).union(["message-verbs", "migration"]))
    private static let town = script(
        base.union(tasks).union([
            "message-verbs", "turn-verbs", "agent-verbs", "task-verbs", "removal", "documents", "town-verbs",
            "whole-town",
        ]))

    static let base: Set = ["values", "records", "log", "messages", "entries", "sending", "agents", "main"]
    static let tasks: Set = ["tasks", "dependencies"]

    /// A script of these parts, and what it does with them.
    static func script(_ names: Set<String>, then ending: String = "return serve(KEYS, ARGV)") -> RedisScript {
        RedisScript(joined(LuaParts.only(names)) + ending)
    }

    private static func joined(_ parts: [String]) -> String { ModelTable.lua + parts.joined() }
}
