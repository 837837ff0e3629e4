import Model
import Redis

/// The scripts. Arguments: the verb, '1' where a change is announced, then those of the verb.
///
/// Replies: `ok` and what the verb says, or `no`, a code and a text where the verb refuses and has changed nothing.
enum TownScript {
    /// The script that holds a verb. What is called most often has scripts that hold little else, because a server builds
    /// all of a script's functions for each call.
    static func holding(_ verb: String) -> RedisScript {
        switch verb {
        case "send", "inbox", "take", "acknowledge", "delivery": mail
        case "lease", "renew", "note", "commit", "release", "leases": turns
        case "bring", "bringList", "bringStop", "bringBacklog": migration
        default: town
        }
    }

    private static let mail = script([base, LuaParts.messageVerbs])
    private static let turns = script([
        base, LuaParts.tasks, LuaParts.dependencies, LuaParts.messageVerbs, LuaParts.turnVerbs,
    ])
    private static let migration = script([
        base, LuaParts.tasks, LuaParts.dependencies, LuaParts.messageVerbs, LuaParts.migration,
    ])
    private static let town = script([
        base, LuaParts.tasks, LuaParts.dependencies, LuaParts.messageVerbs, LuaParts.turnVerbs, LuaParts.agentVerbs,
        LuaParts.taskVerbs, LuaParts.townVerbs, LuaParts.wholeTown,
    ])

    private static let base = [
        "local MAX_DELIVERIES = \(maxDeliveries)", LuaParts.values, LuaParts.records, LuaParts.messages,
        LuaParts.agents,
    ].joined(separator: "\n")

    private static func script(_ parts: [String]) -> RedisScript {
        RedisScript((parts + [LuaParts.main]).joined(separator: "\n"))
    }
}

extension LuaParts {
    fileprivate static let main = #"""
        local verb, rings = arg(), flag()
        local ok, reply = pcall(V[verb])
        if ok then
          local wrote, why = pcall(flush)
          if not wrote then ok, reply = false, why end
        end
        if not ok then
          undo()
          if type(reply) == 'table' and reply.code then return {'no', reply.code, reply.text} end
          local text = type(reply) == 'table' and (reply.err or 'unknown') or tostring(reply)
          return redis.error_reply(text:match('^%u+ ') and text or 'ERR ' .. text)
        end
        if written and rings and not quiet then redis.call('PUBLISH', P .. 'changes', '') end
        return {'ok', reply}
        """#
}
