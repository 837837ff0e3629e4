public import Model
public import StoreVerbs

/// A store without a disk, for tests and simulations: everything that the port promises but durability.
public actor MemoryStore: VerbStore {
    private var rows = MemoryRecords()
    private let bell = ChangeBell()
    private var isClosed = false

    /// An empty store.
    public init() {}

    package func read<Value: Sendable>(
        _ body: @Sendable (Verbs<MemoryRecords>) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        if isClosed { throw StoreError(.closed, "the store is closed") }
        return try body(Verbs(rows))
    }

    package func write<Value: Sendable>(
        rings: Ring, needsSync: Bool, _ body: @Sendable (Verbs<MemoryRecords>) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        do throws(StoreError) {
            let value = try read(body)
            let hasChanged = rows.hasChanged
            rows.keep()
            if hasChanged, rings != .never { bell.ring() }
            return value
        } catch {
            rows.undo()
            throw error
        }
    }

    // MARK: The whole town

    public func export() throws(StoreError) -> any TownReading {
        try read { verbs throws(StoreError) in
            var cursor = ExportCursor()
            var pieces: [[TownRecord]] = []
            while let records = try verbs.next(&cursor, limit: .max) { pieces.append(records) }
            return Reading(pieces)
        }
    }

    private actor Reading: TownReading {
        private var pieces: [[TownRecord]]
        init(_ pieces: [[TownRecord]]) { self.pieces = pieces.reversed() }
        func next() -> [TownRecord]? { pieces.popLast() }
        func close() { pieces = [] }
    }

    public func replaceAll(
        _ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?
    ) async throws {
        try read { verbs throws(StoreError) in try verbs.checkReplacement(terms) }
        let new = MemoryRecords()
        while let records = try await next() {
            try Verbs(new).restore(records)
            new.keep()
        }
        // Others may have come meanwhile.
        try read { verbs throws(StoreError) in try verbs.checkReplacement(terms) }
        rows = new
        bell.ring()
    }

    public func changes() throws(StoreError) -> AsyncStream<Void> {
        if isClosed { throw StoreError(.closed, "the store is closed") }
        return bell.follow()
    }

    public func close() {
        isClosed = true
        bell.close()
    }
}
