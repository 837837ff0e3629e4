import Model
import Operations

/// Reads the newest events and then each that follows, none twice and none left out (W46).
struct EventFollower {
    private let town: Town
    private let filter: EventFilter
    private let changes: AsyncStream<Void>

    /// Subscribes first, so that nothing falls between the first reading and the first wait.
    init(town: Town, filter: EventFilter) async throws {
        self.town = town
        self.filter = filter
        changes = try await town.store.changes()
    }

    /// Gives events to `show` in their order until it returns false, the store closes or the task is cancelled.
    func run(newest: Int, _ show: (Event) async throws -> Bool) async throws {
        // Where the log stood before the reading: with a filter that nothing fits yet, following begins there.
        var last = try await town.store.latestEvents(limit: 1, filter: EventFilter()).last?.sequence ?? 0
        if newest > 0 {
            for event in try await town.store.latestEvents(limit: newest, filter: filter) {
                guard try await show(event) else { return }
                last = max(last, event.sequence)
            }
        }
        var wakeUps = changes.makeAsyncIterator()
        while true {
            while true {
                let batch = try await town.store.events(after: last, limit: 500, filter: filter)
                for event in batch {
                    guard try await show(event) else { return }
                    last = event.sequence
                }
                if batch.count < 500 { break }
            }
            guard await wakeUps.next() != nil else { return }
        }
    }
}
