import Concurrency
public import Model
import SQLite
import StoreVerbs

extension SQLiteStore {
    public func export() async throws(StoreError) -> any TownReading {
        if isClosed { throw StoreError(.closed, "the store is closed") }
        let reading = SQLiteReading()
        try await reading.open(file)
        return reading
    }

    public func replaceAll(
        _ terms: ReplaceTerms, with next: @escaping @Sendable () async throws -> [TownRecord]?
    ) async throws {
        if isClosed { throw StoreError(.closed, "the store is closed") }
        let replacement = SQLiteReplacement()
        do {
            // Answers instead of errors: where errors of two kinds meet here, the optimiser of Swift 6.3 crashes.
            if let failure = await replacement.begin(file, terms) { throw failure }
            while let records = try await next() {
                if let failure = await replacement.add(records) { throw failure }
            }
            if let failure = await replacement.commit() { throw failure }
        } catch {
            await replacement.close()
            throw error
        }
        ring()
    }
}

/// A read transaction of its own: it sees the town as it was when it began, whatever is written meanwhile.
private actor SQLiteReading: TownReading {
    private let executor = QueueExecutor(label: "store.export")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var rows: SQLiteRecords?
    private var cursor = ExportCursor()

    func open(_ file: StoreFile) throws(StoreError) {
        guard let db = try file.openForReading() else {
            throw StoreError(.corrupt, "\(file.path) was emptied while it was in use")
        }
        let rows = SQLiteRecords(db)
        try rows.run("begin")
        // The moment is that of the first read, not that of the beginning.
        _ = try rows.maxAgents()
        self.rows = rows
    }

    func next() throws(StoreError) -> [TownRecord]? {
        guard let rows else { throw StoreError(.closed, "the reading has been closed") }
        return try Verbs(rows).next(&cursor)
    }

    func close() {
        try? rows?.db.rollback()
        rows?.db.close()
        rows = nil
    }
}

/// One write transaction that others wait for, in pieces.
private actor SQLiteReplacement {
    private let executor = QueueExecutor(label: "store.replace")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var rows: SQLiteRecords?

    func begin(_ file: StoreFile, _ terms: ReplaceTerms) -> StoreError? {
        failure { () throws(StoreError) in
            let rows = SQLiteRecords(try file.openForWriting())
            self.rows = rows
            try rows.run("begin immediate")
            try Verbs(rows).checkReplacement(terms)
            try rows.removeAll()
        }
    }

    func add(_ records: [TownRecord]) -> StoreError? {
        failure { () throws(StoreError) in
            guard let rows else { throw StoreError(.closed, "the replacement has ended") }
            try Verbs(rows).restore(records)
        }
    }

    func commit() -> StoreError? {
        failure { () throws(StoreError) in
            try rows?.run("commit")
            close()
        }
    }

    private func failure(_ body: () throws(StoreError) -> Void) -> StoreError? {
        do throws(StoreError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    func close() {
        try? rows?.db.rollback()
        rows?.db.close()
        rows = nil
    }
}

extension SQLiteStore {
    /// Looks at every page and index of the file; takes seconds for a large town, and holds nobody up.
    /// - Returns: what is wrong, one line each; empty where all is well.
    public func check() async throws(StoreError) -> [String] {
        let file = file
        return try await QueueExecutor(label: "store.check").run { () throws(StoreError) in
            guard let db = try file.openForReading() else { return ["the file is empty"] }
            defer { db.close() }
            do throws(SQLiteError) { return try db.integrityCheck() } catch { throw StoreError(error) }
        }
    }
}
