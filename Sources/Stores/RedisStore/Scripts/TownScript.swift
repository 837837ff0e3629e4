import Model
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

    private static let base: Set = ["values", "records", "log", "messages", "entries", "sending", "agents", "main"]
    private static let tasks: Set = ["tasks", "dependencies"]

    private static func script(_ names: Set<String>) -> RedisScript {
        RedisScript(joined(LuaParts.only(names)) + "return serve(KEYS, ARGV)")
    }

    private static func joined(_ parts: [String]) -> String { constants + parts.joined() }

    private static let constants = """
        local MAX_DELIVERIES, FORMAT = \(maxDeliveries), '\(RedisStore.format)'
        local LONGEST_PATH, DEFAULT_LIMITS = \(Message.longestPath), {\(defaults)}

        """
    private static var defaults: String {
        let limits = SendLimits()
        return [limits.maxHops, limits.sameAgent, limits.pingPong, limits.perRoot].map { String($0) }
            .joined(separator: ", ")
    }
}
