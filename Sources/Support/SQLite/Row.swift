import CSQLite

/// One row of a result; it can be read only while its closure runs.
///
/// Columns are counted from 0. A value of another type is converted as SQLite does it: null becomes 0 or an empty
/// string, text becomes the number that it begins with. Read an optional where null is possible.
public struct Row: ~Copyable {
    @usableFromInline let statement: OpaquePointer

    @inlinable
    init(statement: OpaquePointer) { self.statement = statement }

    /// The value of a column, as the type that is asked for.
    @inlinable
    public subscript<Value: Readable>(column: Int) -> Value { Value.read(from: self, at: column) }

    /// How many columns the row has.
    public var count: Int { Int(sqlite3_column_count(statement)) }  // fits: SQLite has some thousand at most

    /// Whether the column is null.
    public func isNull(_ column: Int) -> Bool {
        sqlite3_column_type(statement, position(column)) == SQLITE_NULL
    }

    /// The column as an integer.
    public func integer(_ column: Int) -> Int64 { sqlite3_column_int64(statement, position(column)) }

    /// The column as a floating-point number.
    public func double(_ column: Int) -> Double { sqlite3_column_double(statement, position(column)) }

    /// The column as text; what is not UTF-8 is replaced by U+FFFD.
    public func string(_ column: Int) -> String {
        let column = position(column)
        // The length is asked for after the text: the text may have been converted.
        guard let text = sqlite3_column_text(statement, column) else { return "" }
        let length = Int(sqlite3_column_bytes(statement, column))  // fits: SQLite has two thousand millions at most
        return String(decoding: UnsafeBufferPointer(start: text, count: length), as: UTF8.self)
    }

    /// Calls `body` with the column's bytes in place, text or blob alike; they are gone when it returns.
    public func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let column = position(column)
        let start = sqlite3_column_blob(statement, column)
        // fits: SQLite has two thousand millions at most
        return body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }

    private func position(_ column: Int) -> Int32 {
        assert(column >= 0 && column < count, "the row has \(count) columns, and column \(column) was asked for")
        return Int32(truncatingIfNeeded: column)
    }
}

/// A type that a column can be read as.
public protocol Readable {
    /// The value of the column, converted as SQLite does it.
    static func read(from row: borrowing Row, at column: Int) -> Self
}

extension Int64: Readable {
    @inlinable
    public static func read(from row: borrowing Row, at column: Int) -> Int64 { row.integer(column) }
}

extension Int: Readable {
    @inlinable
    public static func read(from row: borrowing Row, at column: Int) -> Int { Int(clamping: row.integer(column)) }
}

extension Bool: Readable {
    /// Everything but 0 and null is true.
    @inlinable
    public static func read(from row: borrowing Row, at column: Int) -> Bool { row.integer(column) != 0 }
}

extension Double: Readable {
    @inlinable
    public static func read(from row: borrowing Row, at column: Int) -> Double { row.double(column) }
}

extension String: Readable {
    @inlinable
    public static func read(from row: borrowing Row, at column: Int) -> String { row.string(column) }
}

extension [UInt8]: Readable {
    @inlinable
    public static func read(from row: borrowing Row, at column: Int) -> [UInt8] {
        row.withBytes(column) { Array($0) }
    }
}

extension Optional: Readable where Wrapped: Readable {
    /// Nil where the column is null.
    @inlinable
    public static func read(from row: borrowing Row, at column: Int) -> Wrapped? {
        row.isNull(column) ? nil : Wrapped.read(from: row, at: column)
    }
}
