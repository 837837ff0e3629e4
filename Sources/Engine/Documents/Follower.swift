public import Model

/// Turns events of the log into their effects, each exactly once, on any number of hosts and after any crash: how far it
/// has come is a document that changes in the same step as the effects.
public struct Follower: Sendable {
    /// Where one begins that has never run in this town.
    public enum Start: Sendable {
        /// With the oldest event that is kept.
        case oldest
        /// After the newest one.
        case newest
    }

    /// Names what it has done; stable for ever.
    public let name: String
    private let types: Set<EventType>
    private let start: Start
    private let store: any DocumentStore & EventLog
    private let effects: @Sendable ([Event]) async throws(StoreError) -> [Step]
    private let reconcile: @Sendable () async throws(StoreError) -> [Step]
    private let refused: @Sendable (Event, StoreError) -> Void

    /// - Parameters:
    ///   - effects: what follows from events, oldest first. It may be asked more than once; only one answer is carried out.
    ///   - reconcile: what follows from the town as it is, if events were removed before they were seen.
    ///   - refused: hears of an event whose effects the town refuses; it counts as seen.
    public init(
        _ name: String, of types: Set<EventType>, from start: Start = .oldest, in store: any DocumentStore & EventLog,
        reconcile: @escaping @Sendable () async throws(StoreError) -> [Step] = { () throws(StoreError) in [] },
        refused: @escaping @Sendable (Event, StoreError) -> Void = { _, _ in },
        effects: @escaping @Sendable ([Event]) async throws(StoreError) -> [Step]
    ) {
        self.name = name
        self.types = types
        self.start = start
        self.store = store
        self.reconcile = reconcile
        self.refused = refused
        self.effects = effects
    }

    /// Where it keeps how far it has come.
    public var place: Place { .field("follower", name) }

    /// Looks at the next events, at most `limit`.
    /// - Returns: whether there may be more.
    public func advance(limit: Int = 50) async throws(StoreError) -> Bool {
        let cursor = try await store.document(place)
        guard let seen = cursor.flatMap({ Int64(String(decoding: $0.content, as: UTF8.self)) }) else {
            let first =
                switch start {
                case .oldest: Int64(0)
                case .newest: try await store.latestEvents(limit: 1, filter: EventFilter()).last?.sequence ?? 0
                }
            return try await move(cursor, to: first, [])
        }
        if let oldest = try await store.events(after: 0, limit: 1, filter: EventFilter()).first,
            oldest.sequence > seen + 1
        {
            return try await move(cursor, to: oldest.sequence - 1, try await reconcile())
        }
        let events = try await store.events(after: seen, limit: limit, filter: EventFilter(types: types))
        guard let last = events.last else { return false }
        do throws(StoreError) {
            return try await move(cursor, to: last.sequence, try await effects(events))
        } catch {
            guard error.isRefusal else { throw error }
            // One of them is at fault, and must not hold up the others.
            if events.count > 1 { return try await advance(limit: 1) }
            refused(last, error)
            return try await move(cursor, to: last.sequence, [])
        }
    }

    /// Carries out the effects, if nobody else did.
    private func move(_ cursor: Document?, to sequence: Int64, _ steps: [Step]) async throws(StoreError) -> Bool {
        let change = DocumentChange(
            place, expects: cursor.map { .content($0.content) } ?? .absent,
            becomes: .content(Array(String(sequence).utf8)))
        do throws(StoreError) {
            try await store.perform([.documents([change])] + steps)
        } catch {
            guard error.code == .conflict else { throw error }
        }
        return true
    }
}

extension StoreError {
    /// Whether the same steps would be refused again: the town does not permit them.
    fileprivate var isRefusal: Bool {
        [
            .agentNotFound, .taskNotFound, .messageNotFound, .illegalMove, .nameTaken, .tooManyAgents, .inboxFull,
            .dependencyCycle, .invalid, .tooManySends,
        ].contains(code)
    }
}
