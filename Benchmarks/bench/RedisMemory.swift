import Model
import Redis

/// What a waiting message takes in the server's memory, beside the plain list of its JSON that Tinytown keeps.
enum RedisMemory {
    private static let (count, batch) = (100_000, 2000)

    static func measure(socket: String) async throws {
        let client = RedisClient(RedisEndpoint(.unix(path: socket)))
        let subject = try await Subject.open(redis: socket, town: "memory")[0]
        // What comes with the first message is not a message's own.
        try await subject.send()
        // The log of events has a limit of its own, and belongs to no message.
        let (before, log) = (try await used(client), "tt:memory:log")
        let logBefore = try await size(client, log)
        for _ in 0..<(count / batch) { try await subject.send(batch) }
        let ours = try await used(client) - before - (try await size(client, log) - logBefore)
        let texts =
            try await client.send(["LRANGE", "tt:memory:inbox:\(subject.agent)", "0", "\(batch - 1)"]).array ?? []
        let plainBefore = try await used(client)
        for _ in 0..<(count / batch) {
            _ = try await client.pipeline(texts.map { RedisCommand("RPUSH", "plain", $0.bytes ?? []) })
        }
        let plain = try await used(client) - plainBefore
        await subject.store.close()
        client.close()
        var samples = Samples()
        samples.add(ours / Double(count))
        Figure(
            name: "redis_memory_of_a_waiting_message", unit: "bytes", value: samples.p50,
            baseline: plain / Double(count), bar: nil, samples: samples
        ).show()
    }

    private static func used(_ client: RedisClient) async throws -> Double {
        let info = try await client.send(["INFO", "memory"]).text ?? ""
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
        guard let bytes = line.flatMap({ Double($0.dropFirst("used_memory:".count)) }) else {
            throw BenchError("the server does not say what memory it uses")
        }
        return bytes
    }

    private static func size(_ client: RedisClient, _ key: String) async throws -> Double {
        Double(try await client.send(["MEMORY", "USAGE", key, "SAMPLES", "0"]).integer ?? 0)
    }
}
