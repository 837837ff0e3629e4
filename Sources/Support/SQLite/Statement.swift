import CSQLite

/// Sole owner of one prepared statement.
@usableFromInline
final class Statement {
    @usableFromInline let raw: OpaquePointer
    let parameterCount: Int32
    let isCached: Bool
    var isInUse = true

    /// - Throws: `misuse` where the text holds no statement or more than one.
    init(_ sql: borrowing SQL, on handle: OpaquePointer, cached: Bool) throws(SQLiteError) {
        var raw: OpaquePointer?
        var hasTail = false
        let flags = cached ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
        func prepare(_ text: UnsafeBufferPointer<UInt8>) -> Int32 {
            guard text.count <= Int32.max else { return SQLITE_TOOBIG }
            return text.withMemoryRebound(to: CChar.self) { text in
                var tail: UnsafePointer<CChar>?
                let result = sqlite3_prepare_v3(handle, text.baseAddress, Int32(text.count), flags, &raw, &tail)
                if let start = text.baseAddress, let tail {
                    hasTail = text[(tail - start)...].contains { $0 > 0x20 }
                }
                return result
            }
        }
        let result =
            switch sql.content {
            case .literal(let text): text.withUTF8Buffer(prepare)
            case .composed(var text): text.withUTF8(prepare)
            }
        guard result == SQLITE_OK else { throw SQLiteError(result, on: handle, sql: sql.description) }
        guard let raw, !hasTail else {
            sqlite3_finalize(raw)
            throw SQLiteError(.misuse, "exactly one SQL statement is expected here", sql: sql.description)
        }
        self.raw = raw
        parameterCount = sqlite3_bind_parameter_count(raw)
        isCached = cached
    }

    deinit { sqlite3_finalize(raw) }

    /// Moves to the next row; false when there is none.
    @usableFromInline
    func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(raw) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let result: throw failure(result)
        }
    }

    /// Ends the run. A statement that writes and returns rows commits here when its rows were not all read, so this
    /// can fail (https://sqlite.org/c3ref/reset.html).
    @usableFromInline
    func reset() throws(SQLiteError) {
        let result = sqlite3_reset(raw)
        if result != SQLITE_OK { throw failure(result) }
    }

    @usableFromInline
    func checkCount(_ given: Int32) throws(SQLiteError) {
        guard given != parameterCount else { return }
        throw SQLiteError(.misuse, "the statement takes \(parameterCount) values, not \(given)", sql: text)
    }

    func failure(_ result: Int32) -> SQLiteError {
        SQLiteError(result, on: sqlite3_db_handle(raw), sql: text)
    }

    private var text: String? { sqlite3_sql(raw).map { String(cString: $0) } }
}
