import CSQLite

/// A value that can stand for a `?` in SQL.
///
/// Types of other modules join in by binding one of the ready types: `parameter.bind(rawValue)`.
public protocol Bindable {
    /// Gives the parameter its value.
    func bind(to parameter: Parameter) throws(SQLiteError)
}

/// One `?` of a statement that is about to run; good only inside `Bindable.bind(to:)`.
public struct Parameter {
    @usableFromInline let statement: OpaquePointer
    @usableFromInline let index: Int32

    @inlinable
    init(statement: OpaquePointer, index: Int32) {
        self.statement = statement
        self.index = index
    }

    /// Binds an integer.
    public func bind(_ value: Int64) throws(SQLiteError) {
        try check(sqlite3_bind_int64(statement, index, value))
    }

    /// Binds a floating-point number; SQLite keeps not-a-number as null.
    public func bind(_ value: Double) throws(SQLiteError) {
        try check(sqlite3_bind_double(statement, index, value))
    }

    /// Binds null.
    public func bindNull() throws(SQLiteError) {
        try check(sqlite3_bind_null(statement, index))
    }

    /// Binds text, which SQLite copies; NUL characters inside are kept.
    public func bind(_ value: String) throws(SQLiteError) {
        var value = value
        // A copy costs less than keeping the text in place over the whole step would cost in closures.
        try check(
            value.withUTF8 { text in
                guard let start = text.baseAddress else {
                    return csqlite_bind_text_copy(statement, index, "", 0)
                }
                return start.withMemoryRebound(to: CChar.self, capacity: text.count) {
                    csqlite_bind_text_copy(statement, index, $0, UInt64(text.count))
                }
            })
    }

    /// Binds bytes, which SQLite copies; no bytes at all are an empty blob, not null.
    public func bind(_ value: UnsafeRawBufferPointer) throws(SQLiteError) {
        guard let start = value.baseAddress, value.count > 0 else {
            return try check(sqlite3_bind_zeroblob(statement, index, 0))
        }
        try check(csqlite_bind_blob_copy(statement, index, start, UInt64(value.count)))
    }

    private func check(_ result: Int32) throws(SQLiteError) {
        guard result != SQLITE_OK else { return }
        throw SQLiteError(
            result, on: sqlite3_db_handle(statement), sql: sqlite3_sql(statement).map { String(cString: $0) })
    }
}

extension Int64: Bindable {
    @inlinable
    public func bind(to parameter: Parameter) throws(SQLiteError) { try parameter.bind(self) }
}

extension Int: Bindable {
    @inlinable
    public func bind(to parameter: Parameter) throws(SQLiteError) { try parameter.bind(Int64(self)) }
}

extension Bool: Bindable {
    /// Binds 1 or 0.
    @inlinable
    public func bind(to parameter: Parameter) throws(SQLiteError) { try parameter.bind(self ? 1 as Int64 : 0) }
}

extension Double: Bindable {
    @inlinable
    public func bind(to parameter: Parameter) throws(SQLiteError) { try parameter.bind(self) }
}

extension String: Bindable {
    @inlinable
    public func bind(to parameter: Parameter) throws(SQLiteError) { try parameter.bind(self) }
}

extension [UInt8]: Bindable {
    @inlinable
    public func bind(to parameter: Parameter) throws(SQLiteError) {
        // Caught inside: a closure's typed error would be widened on the way out.
        let result = withUnsafeBytes { bytes -> Result<Void, SQLiteError> in
            do throws(SQLiteError) { return .success(try parameter.bind(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    /// Binds the value, or null.
    @inlinable
    public func bind(to parameter: Parameter) throws(SQLiteError) {
        switch self {
        case .some(let value): try value.bind(to: parameter)
        case .none: try parameter.bindNull()
        }
    }
}
