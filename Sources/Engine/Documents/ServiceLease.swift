public import Model

/// Makes one process of a town do what only one may: poll a channel, fire schedules, dispatch a mission.
///
/// Its holder renews it well before it runs out. After that, another process may take it over. Times are compared by the
/// store's clock.
public actor ServiceLease {
    private let store: any DocumentStore
    private let place: Place
    private let owner: String
    /// What the document says while this process holds the lease.
    private var mine: [UInt8]?

    /// - Parameters:
    ///   - name: what only one may do: `schedules`.
    ///   - owner: this process, unlike any other.
    public init(_ name: String, owner: HostID, in store: any DocumentStore) {
        self.store = store
        self.owner = owner.description
        place = .text("\(Place.processes):\(name)")
    }

    /// Takes or renews the lease.
    /// - Parameter duration: how long it holds from `now` on.
    /// - Returns: whether this process holds it now.
    public func hold(for duration: Duration, now: Timestamp) async throws(StoreError) -> Bool {
        let found = try await store.document(place)
        if let found, found.content != mine, let dueAt = found.dueAt, dueAt > now {
            // An answer may have been lost: then it is ours all the same.
            guard String(decoding: found.content, as: UTF8.self).hasPrefix(owner + " ") else {
                mine = nil
                return false
            }
        }
        // The end is part of what is compared: a renewal and a takeover cannot both succeed.
        let end = now + duration
        let content = Array("\(owner) \(end.microseconds)".utf8)
        do throws(StoreError) {
            try await store.perform([
                .documents([
                    DocumentChange(
                        place, expects: found.map { .content($0.content) } ?? .absent,
                        becomes: .content(content, dueAt: end))
                ])
            ])
        } catch {
            guard error.code == .conflict else { throw error }
            mine = nil
            return false
        }
        mine = content
        return true
    }

    /// A step that fails with `conflict` if the lease has passed to another process; nil if it is not held. Whatever is
    /// done under the lease goes into one batch with it.
    public var proof: Step? {
        mine.map { .documents([DocumentChange(place, expects: .content($0), becomes: .unchanged)]) }
    }

    /// Gives it up, so that another need not wait.
    public func release() async throws(StoreError) {
        guard let held = mine else { return }
        mine = nil
        do throws(StoreError) {
            try await store.perform([
                .documents([DocumentChange(place, expects: .content(held), becomes: .absent)])
            ])
        } catch {
            guard error.code == .conflict else { throw error }
        }
    }
}
