import Hosting
import Model
import SQLiteStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a host costs that has nothing to do.
enum Idle {
    private static let seconds = 10

    /// Registers agents in a town.
    static func fill(town: String, agents: Int) async throws {
        let store: any Store = try await SQLiteStore.open(folder: "\(town)/.tt")
        for number in 0..<agents {
            let agent = Agent(
                id: AgentID(random: SystemRandomness()), name: "crowd\(number)", cli: "true",
                createdAt: SystemTime().now())
            try await store.register(agent, maxAgents: 10_000)
        }
        await store.close()
    }

    /// Watches the town's host for ten seconds of rest.
    static func measure(town: String) async throws {
        let store: any Store = try await SQLiteStore.open(folder: "\(town)/.tt")
        guard let host = try await store.hosts().first else { throw BenchError("no host serves the town") }
        let agents = try await store.pulse().count
        await store.close()
        // What its start has set in motion settles.
        sleep(3)
        let before = try switches(of: host.pid)
        sleep(UInt32(seconds))
        var samples = Samples()
        // A thread that has ended slept no more; one that is new counts from its beginning.
        let woken = try switches(of: host.pid).reduce(0) { $0 + $1.value - (before[$1.key] ?? 0) }
        samples.add(Double(woken) / Double(seconds))
        Figure(
            name: "idle_host_\(agents)_agents_wakeups", unit: "1/s", value: samples.p50, bar: .valueBelow(0.5),
            samples: samples
        ).show()
        var memory = Samples()
        memory.add(Double(try number("VmRSS:", in: "/proc/\(host.pid)/status") ?? 0) / 1024)
        Figure(
            name: "idle_host_\(agents)_agents_memory", unit: "MB", value: memory.p50, bar: .valueBelow(25),
            samples: memory
        ).show()
    }

    /// How often each thread of a process went to sleep until now.
    static func switches(of pid: Int) throws -> [String: Int] {
        guard let folder = opendir("/proc/\(pid)/task") else { throw BenchError("the host has ended") }
        defer { closedir(folder) }
        var counts: [String: Int] = [:]
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard Int(name) != nil else { continue }
            counts[name] = try number("voluntary_ctxt_switches:", in: "/proc/\(pid)/task/\(name)/status") ?? 0
        }
        return counts
    }

    private static func number(_ label: String, in path: String) throws -> Int? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, 512, file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                .split(whereSeparator: \.isWhitespace)
            if words.count > 1, words[0] == label { return Int(words[1]) }
        }
        return nil
    }
}
