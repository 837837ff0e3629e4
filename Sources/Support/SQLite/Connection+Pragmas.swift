import CSQLite

/// Settings, counts and checks.
extension Connection {
    /// When SQLite waits for the disk.
    public enum Synchronous: Int, Sendable {
        /// At checkpoints: a power failure can take the last transactions, but never damages the file.
        case normal = 1
        /// At every commit.
        case full = 2
    }

    /// How far a checkpoint goes.
    public enum CheckpointMode: Sendable {
        /// As far as readers and writers permit, without waiting.
        case passive
        /// All of it, waiting for writers and readers.
        case full
        /// All of it, leaving the log file empty.
        case truncate
    }

    /// What a checkpoint found, in pages.
    public struct Checkpoint: Sendable, Equatable {
        /// Pages in the log.
        public var logged: Int
        /// How many of them are in the database now.
        public var moved: Int
    }

    /// Turns on the write-ahead log, which the file remembers: readers and a writer no longer wait for each other.
    /// - Throws: `other` where the file system or an in-memory database does not permit it.
    public func useWriteAheadLog() throws(SQLiteError) {
        let mode: String? = try value("pragma journal_mode = wal")
        guard mode == "wal" else {
            throw SQLiteError(.other, "\(path) cannot have a write-ahead log; its journal mode is \(mode ?? "unknown")")
        }
    }

    /// When SQLite waits for the disk; set it on each connection.
    public func setSynchronous(_ level: Synchronous) throws(SQLiteError) {
        switch level {
        case .normal: try run("pragma synchronous = normal")
        case .full: try run("pragma synchronous = full")
        }
    }

    /// The number that tells schema versions apart; 0 in a new file.
    public func userVersion() throws(SQLiteError) -> Int { try value("pragma user_version") ?? 0 }

    /// Changes the schema version, inside the transaction where one is open.
    public func setUserVersion(_ version: Int32) throws(SQLiteError) {
        try execute(script: "pragma user_version = \(version)")
    }

    /// The number that tells a program's files from other programs'; 0 in a new file.
    public func applicationID() throws(SQLiteError) -> Int { try value("pragma application_id") ?? 0 }

    /// Marks the file as this program's.
    public func setApplicationID(_ id: Int32) throws(SQLiteError) {
        try execute(script: "pragma application_id = \(id)")
    }

    /// Limits the file's growth for this connection; writes beyond it throw `full`.
    /// - Returns: the limit now, which is never below the present size.
    @discardableResult
    public func setMaximumPageCount(_ pages: Int) throws(SQLiteError) -> Int {
        try value(SQL(composed: "pragma max_page_count = \(pages)")) ?? 0
    }

    /// Leaves checkpoints to the caller, who sees in `loggedPages` when one is due.
    public func checkpointByHand() {
        guard logPages == nil else { return }
        let pages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        pages.initialize(to: 0)
        logPages = pages
        sqlite3_wal_hook(
            handle,
            { pages, _, _, count in
                pages?.assumingMemoryBound(to: Int32.self).pointee = count
                return SQLITE_OK
            }, pages)
    }

    /// Pages in the write-ahead log after this connection's latest commit; 0 before one, and without `checkpointByHand`.
    public var loggedPages: Int { logPages.map { Int($0.pointee) } ?? 0 }

    /// Moves pages from the write-ahead log into the database.
    /// - Throws: `busy` where `full` or `truncate` waited in vain for another connection.
    @discardableResult
    public func checkpoint(_ mode: CheckpointMode = .passive) throws(SQLiteError) -> Checkpoint {
        var logged: Int32 = 0
        var moved: Int32 = 0
        let number =
            switch mode {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .full: SQLITE_CHECKPOINT_FULL
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        try check(sqlite3_wal_checkpoint_v2(handle, nil, number, &logged, &moved))
        return Checkpoint(logged: Int(max(0, logged)), moved: Int(max(0, moved)))
    }

    /// Looks at every page but not at whether indexes and tables agree; see `integrityCheck(limit:)`.
    /// - Returns: what is wrong, one line each; empty where all is well.
    public func quickCheck(limit: Int = 20) throws(SQLiteError) -> [String] {
        try problems(SQL(composed: "pragma quick_check(\(max(1, limit)))"))
    }

    /// Looks at everything, which takes several times as long as `quickCheck(limit:)`.
    /// - Returns: what is wrong, one line each; empty where all is well.
    public func integrityCheck(limit: Int = 20) throws(SQLiteError) -> [String] {
        try problems(SQL(composed: "pragma integrity_check(\(max(1, limit)))"))
    }

    private func problems(_ sql: SQL) throws(SQLiteError) -> [String] {
        let lines: [String] = try all(sql) { row in row[0] }
        return lines == ["ok"] ? [] : lines
    }
}
