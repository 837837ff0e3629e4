import CBaseline
import Model
import SQLiteStore

/// Whole lives of messages in one process, beside the same statements in a C loop on a file of the same kind.
enum Cycles {
    private static let rounds = 8

    static func measure(scratch: String) async throws {
        try await measure(scratch: scratch, durability: .normal, perRound: 2000)
        try await measure(scratch: scratch, durability: .full, perRound: 200)
    }

    private static func measure(scratch: String, durability: SQLiteOptions.Durability, perRound: Int) async throws {
        let ours = try await Subject.open("\(scratch)/cycles-\(durability.rawValue)", durability: durability)
        let folder = "\(scratch)/cycles-c-\(durability.rawValue)"
        let theirs = try await Subject.open(folder, durability: durability)
        let agent = theirs.agentBytes
        await theirs.store.close()
        var (swift, c) = (Samples(), Samples())
        for round in 0...rounds {
            let begun = now()
            for _ in 0..<perRound {
                try await ours.cycle()
            }
            let seconds = (now() - begun) / 1e9
            var theirSeconds = 0.0
            let code = baseline_cycles(
                "\(folder)/town.db", durability == .full ? 1 : 0, Int32(perRound), agent, &theirSeconds)
            guard code == 0 else { throw BenchError("SQLite's error \(code) in the C loop") }
            if round == 0 { continue }
            swift.add(Double(perRound) / seconds)
            c.add(Double(perRound) / theirSeconds)
        }
        await ours.store.close()
        Figure(
            name: "cycles_\(durability.rawValue)", unit: "1/s", value: swift.p50, baseline: c.p50,
            bar: .ratioAtLeast(0.5), samples: swift
        ).show()
    }
}
