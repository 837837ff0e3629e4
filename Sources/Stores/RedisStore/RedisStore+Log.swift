public import Model
import Redis

extension RedisStore {
    public func append(_ events: [Event]) async throws(StoreError) {
        _ = try await call("append") { $0.add(events) }
    }

    public func events(after: Int64, limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await read(from: "(0-\(after)", limit: limit, backwards: false, filter) { "(0-\($0)" }
    }

    public func latestEvents(limit: Int, filter: EventFilter) async throws(StoreError) -> [Event] {
        try await read(from: "+", limit: limit, backwards: true, filter) { "(0-\($0)" }.reversed()
    }

    // The log only grows at its end, so it may be read in several calls; each looks at no more than a thousand events.
    private func read(
        from start: String, limit: Int, backwards: Bool, _ filter: EventFilter, next: (String) -> String
    ) async throws(StoreError) -> [Event] {
        var events: [Event] = []
        var from = start
        while events.count < limit {
            let (place, wanted) = (from, limit - events.count)
            let reply = try await call("events", rings: false) { arguments in
                arguments.add(place)
                arguments.add(1000)
                arguments.add(min(wanted, 1000))
                arguments.add(backwards)
                arguments.add(optional: filter.agent?.description)
                arguments.add(optional: filter.types.map { $0.map(\.rawValue).joined(separator: " ") })
            }
            events += reply[1].elements.compactMap { Event(fields: $0.record) }
            guard let last = reply[0].text else { break }
            from = next(last)
        }
        return events
    }
}
