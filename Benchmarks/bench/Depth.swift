import Model
import SQLiteStore

/// What a lease and a send cost where very many messages wait, beside where few do.
enum Depth {
    private static let (few, samples, batch) = (100, 600, 2000)

    static func measure(scratch: String, deep: Int) async throws {
        try await measure(
            try await Subject.open("\(scratch)/depth-few", durability: .normal),
            try await Subject.open("\(scratch)/depth-many", durability: .normal), deep: deep, prefix: "")
    }

    static func measure(redis socket: String, deep: Int) async throws {
        try await measure(
            try await Subject.open(redis: socket, town: "few")[0],
            try await Subject.open(redis: socket, town: "many")[0],
            deep: deep, prefix: "redis_")
    }

    private static func measure(_ shallow: Subject, _ deepest: Subject, deep: Int, prefix: String) async throws {
        try await fill(shallow, few)
        try await fill(deepest, deep)
        var leases = (few: Samples(), many: Samples())
        var sends = (few: Samples(), many: Samples())
        for round in 0..<(samples + 50) {
            let (first, many) = (try await step(shallow), try await step(deepest))
            if round < 50 { continue }
            leases.few.add(first.lease)
            leases.many.add(many.lease)
            sends.few.add(first.send)
            sends.many.add(many.send)
        }
        await shallow.store.close()
        await deepest.store.close()
        for (name, pair) in [("lease", leases), ("send", sends)] {
            Figure(
                name: "\(prefix)\(name)_at_\(deep)_to_\(few)", unit: "us", value: pair.many.p50, baseline: pair.few.p50,
                bar: .ratioAtMost(1.3), samples: pair.many
            ).show()
        }
    }

    private static func fill(_ subject: Subject, _ count: Int) async throws {
        for start in stride(from: 0, to: count, by: batch) { try await subject.send(min(batch, count - start)) }
    }

    // As many come as go, so the depth stays.
    private static func step(_ subject: Subject) async throws -> (lease: Double, send: Double) {
        let begun = now()
        guard let lease = try await subject.lease(atMost: 1) else { throw BenchError("nothing to lease") }
        let leased = now()
        try await subject.commit(lease)
        let committed = now()
        try await subject.send()
        return ((leased - begun) / 1000, (now() - committed) / 1000)
    }
}
