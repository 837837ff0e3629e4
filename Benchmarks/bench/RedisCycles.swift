import CBaseline
import Model
import Redis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whole lives of messages in one process on one connection, beside three plain commands in one pipeline for each.
enum RedisCycles {
    private static let (rounds, perRound, agents) = (8, 4000, 32)

    static func measure(socket: String) async throws {
        let redis = baseline_redis(socket)
        guard redis >= 0 else { throw BenchError("no Redis at \(socket)") }
        defer { close(redis) }
        let subjects = try await Subject.open(redis: socket, town: "cycles", agents: agents)
        let least = LeastLua(RedisClient(RedisEndpoint(.unix(path: socket))), agents: agents)
        try await least.prepare()
        var (plain, ours, alone, leastLua) = (Samples(), Samples(), Samples(), Samples())
        for round in 0...rounds {
            var seconds = 0.0
            guard baseline_pipelines(redis, "bench", Subject.text, Int32(perRound), &seconds) == 0 else {
                throw BenchError("the plain commands failed")
            }
            let together = try await rate(agents) { try await subjects[$0].cycle() }
            let one = try await rate(1) { try await subjects[$0].cycle() }
            let lua = try await rate(agents) { try await least.cycle($0) }
            if round == 0 { continue }
            plain.add(Double(perRound) / seconds)
            ours.add(together)
            alone.add(one)
            leastLua.add(lua)
        }
        await subjects[0].store.close()
        least.client.close()
        for (name, samples, bar) in [
            ("redis_cycles_\(agents)_agents", ours, Figure.Bar.ratioAtLeast(0.4)), ("redis_cycles_1_agent", alone, nil),
            ("redis_cycles_\(agents)_agents_least_lua", leastLua, nil),
        ] as [(String, Samples, Figure.Bar?)] {
            Figure(name: name, unit: "1/s", value: samples.p50, baseline: plain.p50, bar: bar, samples: samples).show()
        }
    }

    /// Cycles a second, `perRound` of them shared out among `count` tasks.
    private static func rate(_ count: Int, _ cycle: @escaping @Sendable (Int) async throws -> Void) async throws
        -> Double
    {
        let each = perRound / agents * (count == 1 ? 4 : 1)
        let begun = now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                group.addTask { for _ in 0..<each { try await cycle(index) } }
            }
            try await group.waitForAll()
        }
        return Double(each * count) / (now() - begun) * 1e9
    }
}
