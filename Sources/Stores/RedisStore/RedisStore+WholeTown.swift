public import Model
import Redis

extension RedisStore {
    /// Read in one script, because only that is one moment; it keeps the server busy for as long as it takes.
    public func export() async throws(StoreError) -> any TownReading {
        let reply = try await call("export", rings: false, timeout: Self.patience) { $0.add(present) }
        return RedisReading(reply)
    }

    public func replaceAll(
        _ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?
    ) async throws {
        _ = try await call("checkReplacement", rings: false) { Self.add(terms, to: &$0) }
        // The new town is put down beside the old one first, and takes its place in one step.
        let staged = "incoming:\(MessageID(random: SystemRandomness()))"
        do {
            while let records = try await next() {
                var arguments = Arguments()
                for record in records { arguments.add(record) }
                if arguments.list.isEmpty { continue }
                _ = try await command(["RPUSH", prefix + staged] + arguments.list)
            }
            _ = try await call("replaceAll", timeout: Self.patience) { arguments in
                Self.add(terms, to: &arguments)
                arguments.add(staged)
            }
        } catch {
            _ = try? await command(["UNLINK", prefix + staged])
            throw error
        }
    }

    private static func add(_ terms: ReplaceTerms, to arguments: inout Arguments) {
        arguments.add(terms.overwrites)
        arguments.add(terms.deadHosts.count)
        for host in terms.deadHosts { arguments.add(host) }
    }
}

extension Arguments {
    fileprivate mutating func add(_ record: TownRecord) {
        switch record {
        case .agentLimit(let limit):
            add("limit")
            add(limit)
        case .agent(let agent):
            add("agent")
            add(agent.fields)
        case .task(let task):
            add("task")
            add(task.fields)
        case .message(let delivery):
            add("message")
            add(delivery.message.wire)
            add(delivery.fields.merging(["id": delivery.message.id.description]) { $1 })
        case .event(let event):
            add("event")
            var fields = event.about
            fields["sequence"] = String(event.sequence)
            fields["type"] = event.type.rawValue
            fields["message"] = event.message
            fields["at"] = String(event.timestamp.microseconds)
            add(fields)
        }
    }
}

/// A town as one reply had it.
private actor RedisReading: TownReading {
    private var pieces: [[TownRecord]]

    init(_ reply: RedisValue) {
        let limit = reply[0].text.flatMap { Int($0) }.map { [TownRecord.agentLimit($0)] } ?? []
        let agents = reply[1].elements.compactMap { Agent(fields: $0.record).map(TownRecord.agent) }
        let tasks = reply[2].elements.compactMap { AgentTask(fields: $0.record).map(TownRecord.task) }
        let letters = reply[3].elements.compactMap { Delivery(fields: $0.record).map(TownRecord.message) }
        let events = reply[4].elements.compactMap { Event(fields: $0.record).map(TownRecord.event) }
        let all = limit + agents + tasks + letters + events
        pieces = stride(from: 0, to: all.count, by: 200).map { Array(all[$0..<min($0 + 200, all.count)]) }.reversed()
    }

    func next() -> [TownRecord]? { pieces.popLast() }

    func close() { pieces = [] }
}
