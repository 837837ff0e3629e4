import Engine
import Model

/// What a tormented process does until it is killed.
enum Part: String, CaseIterable {
    /// Writes some events.
    case writer
    /// Gives each event its effects.
    case follower
    /// Does what only one may do, while it holds the lease.
    case keeper

    /// The only type of event that writers write, and nobody else.
    static let written = EventType.turnStalled
    /// A document for each event and each time that its effect was brought about.
    static let effects = "torment:effects"
    /// How often something was done under the lease.
    static let count = Place.text("torment:count")
    /// A document for each time.
    static let terms = "torment:terms"
    /// How long a lease holds.
    static let term = Duration.milliseconds(80)

    /// - Parameter place: where the town is; the way that leases take is noted beside it.
    func play(in town: (store: any Store, time: any TimeSource), noting place: String) async throws {
        let random = SystemRandomness()
        switch self {
        case .writer: try await write(in: town.store, at: town.time.now(), random)
        case .follower: try await follow(in: town.store, random)
        case .keeper:
            let keeper = Keeping(
                store: town.store, time: town.time, owner: HostID(random: random),
                journal: Keeping.journal(beside: place))
            try await keeper.run(random)
        }
    }

    private func write(in store: any Store, at now: Timestamp, _ random: some Randomness) async throws {
        say("ready\n")
        for number in 0..<(5 + random.next() % 25) {
            let events = (0...(random.next() % 3)).map {
                Event(Self.written, "event \(number).\($0)", at: now)
            }
            try await Self.repeated { () async throws(StoreError) in try await store.append(events) }
        }
        // Until it is killed.
        try await Task.sleep(for: .seconds(600))
    }

    private func follow(in store: any Store, _ random: some Randomness) async throws {
        let follower = try await Self.follower(in: store)
        var bell = try await store.changes().makeAsyncIterator()
        say("ready\n")
        repeat {
            try await Self.repeated { () async throws(StoreError) in
                while try await follower.advance(limit: 1 + Int(random.next() % 8)) {}
            }
        } while await bell.next() != nil
    }

    /// The effects of an event: a message that tells of it, and a document whose name is new each time. Neither is
    /// recognized as done before, so that what is done twice is there twice.
    static func follower(in store: any Store) async throws -> Follower {
        guard let echo = try await store.agents().first else { throw StoreError(.agentNotFound, "nobody is told") }
        let random = SystemRandomness()
        return Follower("echo", of: [written], in: store) { events throws(StoreError) in
            let letters = events.map { event in
                Message(
                    id: MessageID(random: random), from: .supervisor, to: echo.id,
                    body: .custom(kind: "echo", payload: String(event.sequence)), createdAt: event.timestamp)
            }
            let changes = events.map { event in
                DocumentChange(
                    .field(effects, "\(event.sequence) \(TurnID(random: random))"), expects: .absent,
                    becomes: .content([]))
            }
            return [.send(letters, SendLimits(maxInbox: 1_000_000)), .documents(changes)]
        }
    }

    /// Carries out what another process may be in the way of.
    static func repeated(_ body: () async throws(StoreError) -> Void) async throws(StoreError) {
        while true {
            do throws(StoreError) { return try await body() } catch { if error.code != .busy { throw error } }
        }
    }
}
