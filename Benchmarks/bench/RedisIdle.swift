import Model
import Redis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a host of very many agents that have nothing to do asks of its server.
enum RedisIdle {
    private static let seconds = 10

    static func measure(socket: String, town: String) async throws {
        let subject = try await Subject.open(redis: socket, town: town)[0]
        guard let host = try await subject.store.hosts().first else { throw BenchError("no host serves the town") }
        let agents = try await subject.store.pulse().count
        await subject.store.close()
        let client = RedisClient(RedisEndpoint(.unix(path: socket)))
        try await client.connect()
        // What its start has set in motion settles.
        sleep(3)
        let (calls, woken) = (try await commands(client), try Idle.switches(of: host.pid))
        sleep(UInt32(seconds))
        // Both questions and the list of clients are asked here as well.
        let asked = try await commands(client) - calls - 1
        let wakeUps = try Idle.switches(of: host.pid).reduce(0) { $0 + $1.value - (woken[$1.key] ?? 0) }
        let clients = try await client.send(["CLIENT", "LIST"]).text ?? ""
        client.close()
        show("connections", "", Double(clients.split(whereSeparator: \.isNewline).count - 1), agents, below: 6)
        show("commands", "1/s", Double(asked) / Double(seconds), agents, below: 0.5)
        show("wakeups", "1/s", Double(wakeUps) / Double(seconds), agents, below: 1)
    }

    private static func show(_ what: String, _ unit: String, _ value: Double, _ agents: Int, below limit: Double) {
        var samples = Samples()
        samples.add(value)
        Figure(
            name: "redis_idle_\(agents)_agents_\(what)", unit: unit, value: value, bar: .valueBelow(limit),
            samples: samples
        ).show()
    }

    /// Commands that the server has carried out, those in scripts included.
    private static func commands(_ client: RedisClient) async throws -> Int {
        let stats = try await client.send(["INFO", "commandstats"]).text ?? ""
        return stats.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            guard line.hasPrefix("cmdstat_"), let calls = line.split(separator: "=").dropFirst().first else {
                return sum
            }
            return sum + (Int(calls.prefix { $0.isNumber }) ?? 0)
        }
    }
}
