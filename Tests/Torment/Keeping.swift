import Engine
import Model

/// A process that does what only one may do.
struct Keeping {
    let store: any Store
    let time: any TimeSource
    let owner: HostID
    /// Where each lease is noted: owner, since when, until when.
    let journal: String

    static func journal(beside place: String) -> String {
        place.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/terms"
    }

    func run(_ random: some Randomness) async throws {
        let lease = ServiceLease("torment", owner: owner, in: store)
        say("ready\n")
        while true {
            let now = time.now()
            guard try await lease.hold(for: Part.term, now: now) else {
                // Nothing tells of a lease that runs out.
                try await Task.sleep(for: .milliseconds(10))
                continue
            }
            note("\(owner) \(now.microseconds) \((now + Part.term).microseconds)", in: journal)
            var holds = true
            for _ in 0..<(1 + random.next() % 5) where holds {
                holds = try await act(under: lease, isHeldUp: random.next() % 20 == 0)
            }
            if random.next() % 30 == 0 {
                note("\(owner) released", in: journal)
                try await lease.release()
            }
        }
    }

    /// Counts one further, without a look at whether others did meanwhile: the lease alone keeps them away.
    /// - Parameter isHeldUp: whether it takes longer than the lease holds.
    /// - Returns: whether it still held the lease.
    private func act(under lease: ServiceLease, isHeldUp: Bool) async throws -> Bool {
        let count = try await store.document(Part.count)
        let number = count.flatMap { Int(String(decoding: $0.content, as: UTF8.self)) } ?? 0
        guard let proof = await lease.proof else { return false }
        // A holder that was held up between a look and what follows from it must not act on it any more.
        if isHeldUp { try await Task.sleep(for: Part.term * 2) }
        do throws(StoreError) {
            try await store.perform([
                proof,
                .documents([
                    DocumentChange(Part.count, expects: .anything, becomes: .content(Array(String(number + 1).utf8))),
                    DocumentChange(
                        .field(Part.terms, "\(number) \(owner)"), expects: .anything, becomes: .content([])),
                ]),
            ])
            return true
        } catch {
            guard error.code == .conflict || error.code == .busy else { throw error }
            return error.code == .busy
        }
    }
}
