import CBaseline
import Concurrency
import Model
import SQLiteStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// From the start of a send in one process to the moment when another process holds the message.
///
/// Both sides take turns in short rounds, so that whatever else the machine does meets both alike.
enum Latency {
    private static let (rounds, perRound, warmUp) = (20, 25, 25)
    private static let key = "bench"

    static func measure(scratch: String, redis socket: String, durability name: String) async throws {
        let durability = try durability(name)
        let folder = "\(scratch)/latency-\(name)"
        let subject = try await Subject.open(folder, durability: durability)
        let (ours, theirs) = try await beside(redis: socket, subject, Waiter(["wait-store", folder, name]))
        await subject.store.close()
        Figure(
            name: "send_to_leased_\(name)", unit: "us", value: ours.p50, baseline: theirs.p50, bar: .ratioAtMost(3),
            samples: ours
        ).show()
        try await measureFloor("\(scratch)/floor-\(name)", durability: durability)
    }

    /// The Redis store on a server, beside plain commands on the same.
    static func measure(redisStore socket: String, name: String) async throws {
        let subject = try await Subject.open(redis: socket, town: "latency")[0]
        let (ours, theirs) = try await beside(redis: socket, subject, Waiter(["wait-redis-store", socket]))
        await subject.store.close()
        Figure(
            name: "redis_send_to_leased_\(name)", unit: "us", value: ours.p50, baseline: theirs.p50,
            bar: .ratioAtMost(2), samples: ours
        ).show()
        let waiter = try Waiter(["wait-redis-told", socket])
        let redis = baseline_redis(socket)
        defer { close(redis) }
        let told = try sample(waiter) {
            guard baseline_push_and_tell(redis, key, Subject.text) == 0 else { throw BenchError("PUBLISH failed") }
        }
        waiter.end()
        Figure(
            name: "redis_push_to_told_to_popped_\(name)", unit: "us", value: told.p50, baseline: theirs.p50, bar: nil,
            samples: told
        ).show()
    }

    /// One message after the other that `send` brings on its way, as often as `beside` takes them.
    private static func sample(_ waiter: Waiter, _ send: () throws -> Void) throws -> Samples {
        var samples = Samples()
        for index in 0..<(warmUp + rounds * perRound) {
            let begun = now()
            try send()
            let taken = try waiter.next()
            if index >= warmUp { samples.add((taken - begun) / 1000) }
            try waiter.rest()
        }
        return samples
    }

    private static func beside(
        redis socket: String, _ subject: Subject, _ storeWaiter: Waiter
    ) async throws -> (ours: Samples, theirs: Samples) {
        let redisWaiter = try Waiter(["wait-redis", socket])
        let redis = baseline_redis(socket)
        guard redis >= 0 else { throw BenchError("no Redis at \(socket)") }
        defer { close(redis) }
        var (ours, theirs) = (Samples(), Samples())
        for round in 0...rounds {
            for index in 0..<perRound {
                let begun = now()
                try await subject.send()
                let taken = try storeWaiter.next()
                if round > 0 || index >= warmUp { ours.add((taken - begun) / 1000) }
                try storeWaiter.rest()
            }
            for index in 0..<perRound {
                let begun = now()
                guard baseline_push(redis, key, Subject.text) == 0 else { throw BenchError("LPUSH failed") }
                let taken = try redisWaiter.next()
                if round > 0 || index >= warmUp { theirs.add((taken - begun) / 1000) }
                try redisWaiter.rest()
            }
        }
        storeWaiter.end()
        redisWaiter.end()
        return (ours, theirs)
    }

    /// What plain C needs for the same two transactions with one wake-up in between: no program on this schema is faster.
    private static func measureFloor(_ folder: String, durability: SQLiteOptions.Durability) async throws {
        let subject = try await Subject.open(folder, durability: durability)
        let agent = subject.agentBytes
        await subject.store.close()
        var times = [Double](repeating: 0, count: warmUp + rounds * perRound)
        let code = baseline_floor(
            "\(folder)/town.db", durability == .full ? 1 : 0, Int32(times.count), agent, &times)
        guard code == 0 else { throw BenchError("SQLite's error \(code) in the C processes") }
        var samples = Samples()
        for time in times.dropFirst(warmUp) { samples.add(time) }
        Figure(
            name: "send_to_leased_\(durability.rawValue)_in_c", unit: "us", value: samples.p50, baseline: nil,
            bar: nil, samples: samples
        ).show()
    }

    private static func durability(_ name: String) throws -> SQLiteOptions.Durability {
        guard let durability = SQLiteOptions.Durability(rawValue: name) else { throw BenchError("full or normal") }
        return durability
    }

    // MARK: The other process

    /// Leases what comes and commits it, and says when each lease was there. Ends when it is told to.
    static func waitForStore(folder: String, durability name: String) async throws {
        try await wait(try await Subject.open(folder, durability: try durability(name)))
    }

    /// The same with the Redis store.
    static func waitForStore(redis socket: String) async throws {
        try await wait(try await Subject.open(redis: socket, town: "latency")[0])
    }

    private static func wait(_ subject: Subject) async throws {
        let changes = try await subject.store.changes()
        say(Waiter.rests)
        // As a host does: where the ring is heard, the lease is taken.
        try await withTaskExecutorPreference(Reactor.shared) {
            for await _ in changes {
                while let lease = try await subject.lease() {
                    let taken = now()
                    try await subject.commit(lease)
                    say(taken)
                }
                say(Waiter.rests)
            }
        }
    }

    /// Pops what comes, and says when.
    static func waitForRedis(socket: String) throws {
        let redis = baseline_redis(socket)
        guard redis >= 0 else { throw BenchError("no Redis at \(socket)") }
        say(Waiter.rests)
        while baseline_pop(redis, key) == 0 {
            say(now())
            say(Waiter.rests)
        }
    }

    /// Sleeps on a channel, and pops when something is said there.
    static func waitForTold(socket: String) throws {
        let (channel, redis) = (baseline_redis(socket), baseline_redis(socket))
        guard channel >= 0, redis >= 0, baseline_subscribe(channel, key) == 0 else {
            throw BenchError("no Redis at \(socket)")
        }
        say(Waiter.rests)
        while baseline_told(channel) == 0, baseline_take(redis, key) == 0 {
            say(now())
            say(Waiter.rests)
        }
    }

    private static func say(_ time: Double) {
        var time = time
        // The listener is gone, so there is no reason to run.
        if write(1, &time, 8) != 8 { exit(0) }
    }
}
