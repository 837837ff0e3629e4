package import Model
package import Redis

/// Reads a reply as whatever record it may be. For tests that try what no script answers.
package enum AnyRecord {
    /// Everything that the reply can be read as; leases and hosts are checked as well.
    package static func records(in reply: RedisValue) -> [TownRecord] {
        let fields = reply.record
        var found: [TownRecord] = []
        if let agent = Agent(fields: fields) { found.append(.agent(agent)) }
        if let task = AgentTask(fields: fields) { found.append(.task(task)) }
        if let event = Event(fields: fields) { found.append(.event(event)) }
        if let delivery = Delivery(reply: reply) { found.append(.message(delivery)) }
        _ = try? Host(fields: fields)?.validated()
        _ = try? LeaseRecord(fields: fields)?.validated()
        _ = Message(wire: reply.bytes ?? [])
        return found
    }
}
