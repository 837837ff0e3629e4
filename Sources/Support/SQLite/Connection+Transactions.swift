/// Transactions and savepoints.
extension Connection {
    /// When a transaction takes the write lock.
    public enum Transaction: Sendable {
        /// At its first write, which fails with `busy` at once if another connection wrote since the first read.
        case deferred
        /// At the start, where waiting up to the busy timeout helps.
        case immediate
    }

    /// Opens a transaction.
    /// - Throws: `busy` where another connection keeps the write lock for longer than the busy timeout.
    public func begin(_ kind: Transaction = .immediate) throws(SQLiteError) {
        switch kind {
        case .deferred: try run("begin deferred")
        case .immediate: try run("begin immediate")
        }
    }

    /// Makes the transaction's changes last. After `busy` the transaction is still open.
    public func commit() throws(SQLiteError) { try run("commit") }

    /// Undoes the transaction; nothing happens where SQLite has already undone it because of an error.
    public func rollback() throws(SQLiteError) {
        if inTransaction { try run("rollback") }
    }

    /// Opens a savepoint inside those that are open.
    public func beginSavepoint() throws(SQLiteError) { try run("savepoint inner") }

    /// Joins the innermost savepoint's changes to what is around it.
    public func releaseSavepoint() throws(SQLiteError) { try run("release inner") }

    /// Undoes and ends the innermost savepoint; nothing happens where SQLite has undone the whole transaction.
    public func rollbackSavepoint() throws(SQLiteError) {
        guard inTransaction else { return }
        // Names may repeat: the innermost one is meant (https://sqlite.org/lang_savepoint.html).
        try run("rollback to inner")
        try run("release inner")
    }
}
