import Engine
import Model

/// Processes that follow the log of a simulated town. They die between any two steps, and others go on.
extension World {
    /// The documents that a follower writes, one for each event and each time that it looked at it.
    private static let notes = "noted:turns"
    private static let followed: Set<EventType> = [.turnFinished, .turnFailed]

    /// Notes each end of a turn under a name that is new each time: what is done twice is there twice.
    private func follower(in store: any Store) -> Follower {
        Follower("notes", of: Self.followed, in: store) { [random] events throws(StoreError) in
            [
                .documents(
                    events.map { event in
                        let name = "\(event.sequence) \(TurnID(random: random))"
                        return DocumentChange(.field(Self.notes, name), expects: .absent, becomes: .content([]))
                    })
            ]
        }
    }

    /// Follows the log on a machine until the town ends. Until all is calm, each process lives for some minutes at most.
    func follow(on machine: String) -> Task<Void, Never> {
        Task {
            while !isOver {
                let death = Scheduler.shared.now + Int64(number(1..<300)) * 1_000_000
                let follower = follower(
                    in: client(on: machine, isDead: { [self] in !isCalm && Scheduler.shared.now > death }))
                await live(follower)
            }
        }
    }

    /// Looks at the log until the process dies or the town ends.
    private func live(_ follower: Follower) async {
        while !isOver {
            do throws(StoreError) {
                if try await follower.advance(limit: number(1..<6)) { continue }
            } catch {
                if error.code == .closed { return }
                if ![.busy, .unavailable, .unknownOutcome].contains(error.code) {
                    witness.violation("a follower was refused: \(error)")
                    return
                }
            }
            await pause(upTo: isCalm ? 3600 : 10)
        }
    }

    /// Each end of a turn has had its effect once, whatever died meanwhile.
    func accountForFollowers() async throws {
        let last = follower(in: store)
        while try await last.advance() {}
        var times: [Int64: Int] = [:]
        var name: [UInt8]?
        while true {
            let page = try await store.documents(Self.notes, after: name, limit: 100)
            for document in page {
                let words = String(decoding: document.place.name, as: UTF8.self).split(separator: " ")
                if let sequence = words.first.flatMap({ Int64($0) }) { times[sequence, default: 0] += 1 }
            }
            guard let end = page.last else { break }
            name = end.place.name
        }
        let events = try await store.events(after: 0, limit: 1_000_000, filter: EventFilter(types: Self.followed))
        for event in events where times[event.sequence] != 1 {
            witness.violation("event \(event.sequence) had its effect \(times[event.sequence] ?? 0) times")
        }
        if times.count != events.count { witness.violation("\(times.count) effects of \(events.count) events") }
    }
}
