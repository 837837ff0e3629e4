import Model

extension LuaParts {
    /// The whole script. Arguments: the verb, '1' where a change is announced, then those of the verb.
    ///
    /// Replies: `ok` and what the verb says, or `no`, a code and a text where the verb refuses and has changed nothing.
    static let town = [
        "local MAX_DELIVERIES = \(maxDeliveries)", values, records, messages, agents, tasks, dependencies, messageVerbs,
        turnVerbs, agentVerbs, taskVerbs, townVerbs, wholeTown, main,
    ].joined(separator: "\n")

    private static let main = #"""
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
