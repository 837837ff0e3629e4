import CSQLite

extension Connection {
    /// Copies the whole database, as it is at one moment, into a new file that only its owner may read.
    ///
    /// With a write-ahead log others go on writing meanwhile; without one they wait. The copy has its name only once
    /// it is complete and on the disk.
    /// - Throws: `cantOpen` where the destination exists already or cannot be made; `locked` while this connection
    ///   is itself writing.
    public func backup(to destination: String) throws(SQLiteError) {
        guard !fileExists(destination) else {
            throw SQLiteError(.cantOpen, "\(destination) exists already, and a backup never overwrites")
        }
        let partial = destination + ".partial"
        removeFile(partial)
        do throws(SQLiteError) {
            try copy(to: Connection(path: partial))
            guard let problem = moveDurably(partial, destination) else { return }
            throw SQLiteError(.cantOpen, "\(destination) cannot be written: \(problem)")
        } catch {
            removeFile(partial)
            removeFile(partial + "-journal")
            throw error
        }
    }

    private func copy(to copy: Connection) throws(SQLiteError) {
        defer { copy.close() }
        guard let backup = sqlite3_backup_init(copy.handle, "main", handle, "main") else {
            throw SQLiteError(sqlite3_extended_errcode(copy.handle), on: copy.handle, sql: nil)
        }
        // One step holds one snapshot. Several steps would start again whenever another process wrote in between.
        let result = sqlite3_backup_step(backup, -1)
        let finished = sqlite3_backup_finish(backup)
        guard result == SQLITE_DONE, finished == SQLITE_OK else {
            let failed = result == SQLITE_DONE ? finished : result
            throw SQLiteError(failed, on: copy.handle, sql: nil)
        }
    }
}
