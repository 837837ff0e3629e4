public import Model

/// A town as records, and one in which there is something of everything.
public enum WholeTown {
    /// A page of an export holds nothing.
    public struct EmptyPage: Error {}

    /// A town in which everything is different from its default.
    public static func full(_ town: Town) async throws {
        let (other, waiting) = (try await town.spawn("other"), try await town.spawn("waiting"))
        let ada = try await town.spawn("ada") { agent in
            agent.nickname = "Ada"
            agent.role = "backend"
            agent.parent = other
            agent.maxTurns = 12
            agent.session = HarnessSession(
                id: "s", harness: "echo",
                totals: Usage(inputTokens: 1, outputTokens: 2, cachedInputTokens: 3, cacheWriteTokens: 4, costUSD: 0.5))
            agent.attention = "look 👀"
            agent.consecutiveFailures = 2
        }
        let first = try await town.task("first\nwith a \"second\" line", for: ada)
        var second = AgentTask(
            id: town.id(), description: "second", createdBy: other, createdAt: town.start, tags: ["a", "b"])
        (second.parent, second.dependsOn, second.priority) = (first, [first], .high)
        try await town.store.create(second, assignee: nil)
        _ = try await town.task("in the backlog")
        var note = town.message(waiting, body: .custom(kind: "k", payload: "p"))
        (note.correlation, note.conversation, note.hops) = (town.id(), town.id(), 3)
        note.author = Author(channel: "c", id: "i", name: "n")
        (note.attachments, note.idempotencyKey) = (["/tmp/a"], "key")
        _ = try await town.store.send([note], limits: SendLimits())
        try await town.send(waiting, body: .confirmation(.rejected(reason: "no")))
        try await town.send(waiting, "urgent", priority: .urgent)
        try await town.turn(ada)
        guard let lease = try await town.lease(waiting) else { throw Town.Nothing() }
        _ = try await town.store.commit(town.failed(lease, maxAttempts: 1))
        try await town.send(waiting, "for later")
        _ = try await town.store.change(waiting, .stop(.whenEmpty), now: town.start)
    }

    /// All records of a store, as they are exported.
    public static func read(_ store: any Store) async throws -> [TownRecord] {
        let reading = try await store.export()
        var records: [TownRecord] = []
        while let next = try await reading.next() {
            guard !next.isEmpty else { throw EmptyPage() }
            records += next
        }
        await reading.close()
        return records
    }

    /// Puts records in place of what a store holds.
    public static func fill(_ store: any Store, _ records: [TownRecord], _ terms: ReplaceTerms = ReplaceTerms())
        async throws
    {
        let pieces = Pieces(records)
        try await store.replaceAll(terms) { await pieces.next() }
    }

    /// Records a few at a time, as they come from another store.
    public actor Pieces {
        private var records: ArraySlice<TownRecord>
        private let size: Int
        /// How often a piece was asked for.
        public private(set) var count = 0
        /// - Parameter size: how many a piece has.
        public init(_ records: [TownRecord], by size: Int = 3) {
            self.records = records[...]
            self.size = size
        }
        /// The next piece; nil after the last one.
        public func next() -> [TownRecord]? {
            defer { records = records.dropFirst(size) }
            count += 1
            return records.isEmpty ? nil : Array(records.prefix(size))
        }
    }
}
