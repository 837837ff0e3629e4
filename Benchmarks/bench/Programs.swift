import CBaseline

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Whole processes: from before the start to after the end.
enum Programs {
    private static let samples = 150

    /// - Parameter town: a town's folder with an agent named `reader` and a host.
    static func measure(tt: String, town: String, redis socket: String) async throws {
        let ping = ["redis-cli", "-s", socket, "PING"]
        let status = [tt, "--town", town, "status"]
        let send = [tt, "--town", town, "send", "reader", "--info", Subject.text]
        var times = [Samples(), Samples(), Samples()]
        var peaks = [Samples(), Samples(), Samples()]
        for round in 0..<(samples + 10) {
            for (index, words) in [ping, status, send].enumerated() {
                let (seconds, peak) = try run(words)
                if round < 10 { continue }
                times[index].add(seconds * 1000)
                peaks[index].add(Double(peak) / 1024)
            }
        }
        for (index, name) in [(1, "tt_status"), (2, "tt_send")] {
            Figure(
                name: "\(name)_to_redis_cli_ping", unit: "ms", value: times[index].p50, baseline: times[0].p50,
                bar: .ratioAtMost(3), samples: times[index]
            ).show()
            // What it was before its exec counts in a process's peak, so this is a bound from above.
            Figure(
                name: "\(name)_memory", unit: "MB", value: peaks[index].quantile(1), baseline: peaks[0].p50,
                bar: .valueBelow(15), samples: peaks[index]
            ).show()
        }
    }

    /// Runs a program to its end: seconds, and the most memory it had, in kilobytes.
    static func run(_ words: [String]) throws -> (seconds: Double, peak: Int) {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var (seconds, peak) = (0.0, 0)
        let code = environment { baseline_run(&pointers, $0, &seconds, &peak) }
        guard code == 0 else { throw BenchError("\(words.joined(separator: " ")) ended with \(code)") }
        return (seconds, peak)
    }

    private static func environment(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32) -> Int32 {
        var variables: [UnsafeMutablePointer<CChar>?] = ["HOME", "PATH", "TMPDIR"].compactMap { name in
            getenv(name).flatMap { strdup(name + "=" + String(cString: $0)) }
        }
        variables.append(nil)
        defer { for variable in variables { free(variable) } }
        return body(&variables)
    }
}
