import Model

/// The state of the town, now and after each change. Bursts of changes are one item: at least `pace` lies between two.
public struct FollowStatus: Feed {
    public static let spec = FeedSpec(
        "town.follow_status", "Follow the state of the town", .read, route: .get("/v1/status/stream"))

    /// The time between two items at the least.
    public static let pace = Duration.milliseconds(100)

    public static func open(
        _ input: Nothing, in town: OpenTown
    ) async throws -> AsyncThrowingStream<ReadStatus.Output, any Error> {
        let looks = Looks(town, try await town.store.changes())
        return AsyncThrowingStream { try await looks.next() }
    }

    private actor Looks {
        private let town: OpenTown
        private var changes: AsyncStream<Void>.Iterator
        private var isFirst = true

        /// Subscribed before the first look, so that no change falls between it and the first wait.
        init(_ town: OpenTown, _ changes: AsyncStream<Void>) {
            self.town = town
            self.changes = changes.makeAsyncIterator()
        }

        func next() async throws -> ReadStatus.Output? {
            if !isFirst {
                var changes = changes
                let rang: Void? = await changes.next(isolation: self)
                self.changes = changes
                guard rang != nil else { return nil }
                try await town.time.sleep(for: FollowStatus.pace)
            }
            isFirst = false
            return try await ReadStatus.run(Nothing(), in: town)
        }
    }
}
