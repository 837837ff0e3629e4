import CSQLite

/// Values fill the statement's parameters from left to right; there must be as many of them.
///
/// All of these throw `misuse` for a wrong number of values, `busy`, `constraint` and whatever else SQLite reports.
extension Connection {
    /// Runs a statement and ignores its rows.
    ///
    /// - Returns: how many rows an insert, update or delete changed; without meaning for other statements.
    @inlinable @discardableResult
    public func run<each Value: Bindable>(_ sql: SQL, _ values: repeat each Value) throws(SQLiteError) -> Int {
        let statement = try checkOut(sql)
        defer { checkIn(statement) }
        try Self.bind(repeat each values, to: statement)
        while try statement.step() {}
        return changes
    }

    /// What `row` makes of the first row, or nil where the result is empty. A statement that writes writes everything.
    @inlinable
    public func first<each Value: Bindable, Result>(
        _ sql: SQL, _ values: repeat each Value, row: (borrowing Row) throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result? {
        let statement = try checkOut(sql)
        defer { checkIn(statement) }
        try Self.bind(repeat each values, to: statement)
        guard try statement.step() else { return nil }
        let result = try row(Row(statement: statement.raw))
        try statement.reset()
        return result
    }

    /// What `row` makes of every row, in order.
    @inlinable
    public func all<each Value: Bindable, Result>(
        _ sql: SQL, _ values: repeat each Value, row: (borrowing Row) throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> [Result] {
        let statement = try checkOut(sql)
        defer { checkIn(statement) }
        try Self.bind(repeat each values, to: statement)
        var results: [Result] = []
        while try statement.step() { results.append(try row(Row(statement: statement.raw))) }
        return results
    }

    /// The first column of the first row, or nil where the result is empty: `let n: Int? = try db.value("…")`.
    @inlinable
    public func value<each Value: Bindable, Result: Readable>(
        _ sql: SQL, _ values: repeat each Value
    ) throws(SQLiteError) -> Result? {
        try first(sql, repeat each values) { row in Result.read(from: row, at: 0) }
    }

    /// Runs any number of statements without values, such as a migration. Nothing of it is cached, and it is no
    /// transaction of its own.
    public func execute(script: String) throws(SQLiteError) {
        guard !script.utf8.contains(0) else {
            throw SQLiteError(.misuse, "a script cannot hold a NUL character", sql: script)
        }
        try check(sqlite3_exec(handle, script, nil, nil, nil), script)
    }

    @inlinable
    static func bind<each Value: Bindable>(
        _ values: repeat each Value, to statement: Statement
    ) throws(SQLiteError) {
        var count: Int32 = 0
        for _ in repeat each values { count += 1 }
        try statement.checkCount(count)
        var index: Int32 = 0
        for value in repeat each values {
            index += 1
            try value.bind(to: Parameter(statement: statement.raw, index: index))
        }
    }
}
