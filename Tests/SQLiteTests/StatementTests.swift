import SQLite
import TestSupport
import Testing

/// Statements, their cache and their errors.
@Suite struct StatementTests {
    let db: Connection

    init() throws {
        db = try Connection(path: ":memory:")
        try db.execute(script: "create table t(id integer primary key, v text unique)")
    }

    @Test func `run says how many rows it changed`() throws {
        #expect(try db.run("insert into t(v) values (?), (?), (?)", "a", "b", "c") == 3)
        #expect(try db.run("update t set v = v || 'x' where v <> ?", "a") == 2)
        #expect(try db.run("delete from t where v = ?", "nobody") == 0)
        #expect(db.lastInsertRowID == 3)
        #expect(db.totalChanges == 5)
    }

    @Test func `rows come in order`() throws {
        try db.run("insert into t(v) values ('a'), ('b'), ('c')")
        var seen: [String] = []
        _ = try db.all("select v from t where v >= ? order by v desc", "b") { row in seen.append(row[0]) }
        #expect(seen == ["c", "b"])
        let pairs = try db.all("select id, v from t order by id") { row in "\(row[0] as Int)\(row[1] as String)" }
        #expect(pairs == ["1a", "2b", "3c"])
    }

    @Test func `an empty result is nil`() throws {
        #expect(try db.first("select id from t where v = ?", "z") { row in row[0] as Int } == nil)
        let none: Int? = try db.value("select id from t")
        #expect(none == nil)
    }

    @Test func `a write that returns rows writes all of them though only the first is read`() throws {
        let id = try db.first("insert into t(v) values ('a'), ('b') returning id") { row in row[0] as Int }
        #expect(id == 1)
        #expect(!db.inTransaction)
        #expect(try db.value("select count(*) from t") == 2)
    }

    @Test func `a number used twice is one value`() throws {
        #expect(try db.value("select ?1 || ?1", "ab") == "abab")
    }

    @Test(arguments: 0...2)
    func `too few and too many values are refused and nothing runs`(count: Int) throws {
        let error = #expect(throws: SQLiteError.self) {
            switch count {
            case 0: try db.run("insert into t(v) values (? || ? || ?)")
            case 1: try db.run("insert into t(v) values (? || ? || ?)", "a")
            default: try db.run("insert into t(v) values (?)", "a", "b")
            }
        }
        #expect(error?.code == .misuse)
        #expect(db.totalChanges == 0)
    }

    @Test func `a value does not stay bound for the next use`() throws {
        for value in ["a", nil, "b", nil] as [String?] {
            let seen: String?? = try db.first("select ?", value) { row in row[0] }
            #expect(seen == .some(value))
        }
    }

    @Test(arguments: ["select 1; select 2", "", "   ", "-- nothing"])
    func `anything but one statement is refused`(text: String) throws {
        let error = #expect(throws: SQLiteError.self) { try db.run(SQL(composed: text)) }
        #expect(error?.code == .misuse)
    }

    @Test func `a semicolon at the end is no second statement`() throws {
        #expect(try db.value("select 1; \n") == 1)
    }

    @Test func `a broken rule keeps its number and its SQL and the statement works again`() throws {
        try db.run("insert into t(v) values (?)", "a")
        let error = #expect(throws: SQLiteError.self) { try db.run("insert into t(v) values (?)", "a") }
        #expect(error?.code == .constraint)
        #expect(error?.extendedCode == 2067)
        #expect(error?.sql == "insert into t(v) values (?)")
        #expect(error?.message == "UNIQUE constraint failed: t.v")
        #expect(try db.run("insert into t(v) values (?)", "b") == 1)
    }

    @Test func `a name in double quotes is not taken for a string`() throws {
        #expect(throws: SQLiteError.self) { try db.run("select \"no such column\"") }
    }

    @Test func `a statement that is used again is not prepared again`() throws {
        for id in 0..<1000 {
            try db.run("insert into t(id, v) values (?, ?)", id, "v\(id)")
            let v: String? = try db.value(SQL(composed: "select v from t where id = ?"), id)
            #expect(v == "v\(id)")
        }
        #expect(db.cachedStatementCount == 2)
    }

    @Test func `a hundred literals are each found again`() throws {
        let literals: [SQL] = [
            "select 0", "select 1", "select 2", "select 3", "select 4", "select 5", "select 6", "select 7",
            "select 8", "select 9", "select 10", "select 11", "select 12", "select 13", "select 14", "select 15",
            "select 16", "select 17", "select 18", "select 19", "select 20", "select 21", "select 22", "select 23",
            "select 24", "select 25", "select 26", "select 27", "select 28", "select 29", "select 30", "select 31",
            "select 32", "select 33", "select 34", "select 35", "select 36", "select 37", "select 38", "select 39",
            "select 40", "select 41", "select 42", "select 43", "select 44", "select 45", "select 46", "select 47",
            "select 48", "select 49", "select 50", "select 51", "select 52", "select 53", "select 54", "select 55",
            "select 56", "select 57", "select 58", "select 59", "select 60", "select 61", "select 62", "select 63",
            "select 64", "select 65", "select 66", "select 67", "select 68", "select 69", "select 70", "select 71",
            "select 72", "select 73", "select 74", "select 75", "select 76", "select 77", "select 78", "select 79",
            "select 80", "select 81", "select 82", "select 83", "select 84", "select 85", "select 86", "select 87",
            "select 88", "select 89", "select 90", "select 91", "select 92", "select 93", "select 94", "select 95",
            "select 96", "select 97", "select 98", "select 99",
        ]
        for _ in 1...3 {
            for (n, sql) in literals.enumerated() { #expect(try db.value(sql) == n) }
            #expect(db.cachedStatementCount == literals.count)
        }
    }

    @Test func `composed statements are kept in limited number`() throws {
        for n in 0..<1000 { #expect(try db.value(SQL(composed: "select \(n)")) == n) }
        #expect(db.cachedStatementCount <= 64)
    }

    @Test func `the same statement runs inside its own rows`() throws {
        try db.run("insert into t(v) values ('a'), ('b')")
        func rows(_ depth: Int) throws(SQLiteError) -> Int {
            guard depth > 0 else { return 1 }
            var total = 0
            _ = try db.all("select v from t where id > ? order by id", 0) { row throws(SQLiteError) in
                total += try rows(depth - 1)
                #expect(row[0] as String == "a" || row[0] as String == "b")
            }
            return total
        }
        #expect(try rows(3) == 8)
        #expect(db.cachedStatementCount == 2)
    }

    @Test func `composed statements in use outlive the emptying of the cache`() throws {
        try db.run("insert into t(v) values ('a'), ('b'), ('c')")
        var seen: [String] = []
        _ = try db.all(SQL(composed: "select v from t order by v")) { row throws(SQLiteError) in
            for n in 0..<100 { try db.run(SQL(composed: "select \(n)")) }
            seen.append(row[0])
        }
        #expect(seen == ["a", "b", "c"])
    }

    @Test func `an error thrown while reading rows ends the statement`() throws {
        try db.run("insert into t(v) values ('a'), ('b')")
        let error = #expect(throws: SQLiteError.self) {
            _ = try db.all("select v from t") { _ throws(SQLiteError) in throw SQLiteError(.mismatch, "odd") }
        }
        #expect(error?.code == .mismatch)
        // A select that is still open would keep the table from being dropped.
        try db.execute(script: "drop table t")
    }

    @Test func `a script runs all its statements`() throws {
        try db.execute(script: "create table a(x); insert into a values (1); insert into a values (2); -- end")
        #expect(try db.value("select sum(x) from a") == 3)
    }

    @Test func `a statement survives a change of its table`() throws {
        try db.run("insert into t(v) values ('a')")
        #expect(try db.first("select * from t") { row in row.count } == 2)
        try db.execute(script: "alter table t add column w default 5")
        #expect(try db.first("select * from t") { row in row[2] as Int } == 5)
    }

    @Test func `dropping a connection closes its file`() throws {
        let scratch = try ScratchFolder()
        weak var gone: Connection?
        do {
            let db = try Connection(path: scratch.path("a.db"))
            try db.useWriteAheadLog()
            try db.execute(script: "create table t(v)")
            gone = db
        }
        #expect(gone == nil)
        // The last connection to close removes the log.
        #expect(try scratch.names() == ["a.db"])
    }
}
