#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Measures the product beside what it is compared with. Each measure is a process of its own, so that none disturbs
/// the next: `bench MEASURE ARGUMENT…`, as scripts/bench calls it. Prints one line of JSON a figure.
@main struct Bench {
    static func main() async throws {
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "latency" where arguments.count == 4:
            try await Latency.measure(scratch: arguments[1], redis: arguments[2], durability: arguments[3])
        case "wait-store" where arguments.count == 3:
            try await Latency.waitForStore(folder: arguments[1], durability: arguments[2])
        case "wait-redis" where arguments.count == 2: try Latency.waitForRedis(socket: arguments[1])
        case "wait-redis-store" where arguments.count == 2: try await Latency.waitForStore(redis: arguments[1])
        case "wait-redis-told" where arguments.count == 2: try Latency.waitForTold(socket: arguments[1])
        case "redis-latency" where arguments.count == 3:
            try await Latency.measure(redisStore: arguments[1], name: arguments[2])
        case "redis-cycles" where arguments.count == 2: try await RedisCycles.measure(socket: arguments[1])
        case "redis-depth" where arguments.count == 3:
            try await Depth.measure(redis: arguments[1], deep: Int(arguments[2]) ?? 0)
        case "redis-memory" where arguments.count == 2: try await RedisMemory.measure(socket: arguments[1])
        case "redis-crowd" where arguments.count == 4:
            _ = try await Subject.open(redis: arguments[1], town: arguments[2], agents: Int(arguments[3]) ?? 0)
        case "redis-idle" where arguments.count == 3:
            try await RedisIdle.measure(socket: arguments[1], town: arguments[2])
        case "cycles" where arguments.count == 2: try await Cycles.measure(scratch: arguments[1])
        case "depth" where arguments.count == 3:
            try await Depth.measure(scratch: arguments[1], deep: Int(arguments[2]) ?? 0)
        case "programs" where arguments.count == 4:
            try await Programs.measure(tt: arguments[1], town: arguments[2], redis: arguments[3])
        case "idle" where arguments.count == 2: try await Idle.measure(town: arguments[1])
        case "crowd" where arguments.count == 3: try await Idle.fill(town: arguments[1], agents: Int(arguments[2]) ?? 0)
        case "turns" where arguments.count == 3: try await Turns.measure(town: arguments[1], script: arguments[2])
        default: throw BenchError("usage: scripts/bench; it says what this program needs")
        }
    }
}

/// Why a measure could not be taken.
struct BenchError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
