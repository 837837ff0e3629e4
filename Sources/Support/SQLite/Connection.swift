import CSQLite

/// One connection to a database file.
///
/// Its calls block, and it is not safe for use by two threads at once: keep it on one queue of its own. It
/// closes when it is let go of.
public final class Connection {
    /// What a connection may do to its file.
    public enum Mode: Sendable {
        /// Reads and writes; creates the file, readable by its owner only, where there is none.
        case readWriteCreate
        /// Reads and writes a file that exists.
        case readWrite
        /// Reads a file that exists. With a write-ahead log the folder must be writable or the log's files present.
        case readOnly
    }

    /// The path that was opened.
    public let path: String

    let handle: OpaquePointer
    private var cache = StatementCache()
    private var isOpen = true
    // Where SQLite's hook writes; it has an address for as long as the connection may call it.
    var logPages: UnsafeMutablePointer<Int32>?

    /// Opens a file, or a database of its own in memory for the path `:memory:`.
    ///
    /// SQLite looks into the file only when it is first used: `notADatabase` and `corrupt` come from then.
    /// - Parameter busyTimeout: how long a statement waits for other connections' locks before it fails with `busy`.
    /// - Throws: `cantOpen` where the file or its folder is missing, closed to us or reached through a link.
    public init(
        path: String, mode: Mode = .readWriteCreate, busyTimeout: Duration = .seconds(5)
    ) throws(SQLiteError) {
        _ = Self.configured
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SQLiteError(.cantOpen, "a database cannot be opened: its path is empty or holds a NUL character")
        }
        // A link in the path leads to a file that nobody meant.
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW
        // Where a file cannot be made, SQLite tries to read it, and would only say that it is not there.
        var refusal: Int32 = 0
        switch mode {
        case .readWriteCreate:
            flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            if path != ":memory:" { refusal = createPrivateFile(path) }
        case .readWrite: flags |= SQLITE_OPEN_READWRITE
        case .readOnly: flags |= SQLITE_OPEN_READONLY
        }
        var opened: OpaquePointer?
        let result = sqlite3_open_v2(path, &opened, flags, nil)
        guard result == SQLITE_OK, let opened else {
            var error = SQLiteError(result, on: opened, sql: nil)
            if error.code == .cantOpen {
                let number = refusal != 0 ? refusal : opened.map { sqlite3_system_errno($0) } ?? 0
                error.message = "\(path) cannot be opened" + (number == 0 ? "" : ": \(systemMessage(number))")
            }
            sqlite3_close_v2(opened)
            throw error
        }
        sqlite3_busy_timeout(opened, busyTimeout.wholeMilliseconds)
        // A name in double quotes that does not exist is a mistake, not a string.
        _ = csqlite_db_config_int(opened, SQLITE_DBCONFIG_DQS_DML, 0)
        _ = csqlite_db_config_int(opened, SQLITE_DBCONFIG_DQS_DDL, 0)
        handle = opened
        self.path = path
    }

    deinit { close() }

    /// Closes the file; a transaction that is open is rolled back. Only the first call counts, and nothing else may
    /// be called afterwards.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        cache.removeAll()
        // Statements that are still held keep the handle alive until they go, instead of leaving it open for good.
        if logPages != nil { sqlite3_wal_hook(handle, nil, nil) }
        sqlite3_close_v2(handle)
        logPages?.deallocate()
        logPages = nil
    }

    /// How long a statement waits for other connections' locks.
    public func setBusyTimeout(_ timeout: Duration) {
        sqlite3_busy_timeout(handle, timeout.wholeMilliseconds)
    }

    /// The row id of the latest insert.
    public var lastInsertRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Rows that this connection has inserted, updated and deleted since it was opened.
    public var totalChanges: Int64 { sqlite3_total_changes64(handle) }

    /// Whether a transaction or savepoint is open.
    public var inTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// How many prepared statements are kept for later.
    public var cachedStatementCount: Int { cache.count }

    /// A statement that is ready to bind; give it back with `checkIn`.
    @usableFromInline
    func checkOut(_ sql: borrowing SQL) throws(SQLiteError) -> Statement {
        precondition(isOpen, "the connection is closed")
        if let statement = cache.statement(for: sql) {
            // The same SQL inside its own rows gets a statement of its own.
            guard !statement.isInUse else { return try Statement(sql, on: handle, cached: false) }
            statement.isInUse = true
            return statement
        }
        let statement = try Statement(sql, on: handle, cached: true)
        cache.insert(statement, for: sql)
        return statement
    }

    /// Makes a statement ready for its next use: a statement that is left half-read holds locks.
    @usableFromInline
    func checkIn(_ statement: Statement) {
        guard statement.isCached else { return }
        sqlite3_reset(statement.raw)
        sqlite3_clear_bindings(statement.raw)
        statement.isInUse = false
    }

    @usableFromInline var changes: Int { Int(sqlite3_changes64(handle)) }

    func check(_ result: Int32, _ sql: String? = nil) throws(SQLiteError) {
        if result != SQLITE_OK { throw SQLiteError(result, on: handle, sql: sql) }
    }

    /// Memory statistics cost a lock shared by all connections at every allocation, and nobody reads them.
    private static let configured = csqlite_config_int(SQLITE_CONFIG_MEMSTATUS, 0)
}

extension Duration {
    /// Rounded up, and limited to what fits.
    var wholeMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        guard seconds >= 0 else { return 0 }
        guard seconds < Int64(Int32.max) / 1000 else { return .max }
        return max(0, Int32(seconds) * 1000 + Int32((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
