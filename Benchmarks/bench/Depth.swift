import SQLiteStore

/// What a lease and a send cost where very many messages wait, beside where few do.
enum Depth {
    private static let (few, samples, batch) = (100, 600, 2000)

    static func measure(scratch: String, deep: Int) async throws {
        let shallow = try await filled("\(scratch)/depth-few", few)
        let deepest = try await filled("\(scratch)/depth-many", deep)
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
                name: "\(name)_at_\(deep)_to_\(few)", unit: "us", value: pair.many.p50, baseline: pair.few.p50,
                bar: .ratioAtMost(1.3), samples: pair.many
            ).show()
        }
    }

    private static func filled(_ folder: String, _ count: Int) async throws -> Subject {
        let subject = try await Subject.open(folder, durability: .normal)
        for start in stride(from: 0, to: count, by: batch) { try await subject.send(min(batch, count - start)) }
        return subject
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
