import SQLite
import TestSupport
import Testing

/// Transactions, savepoints and locks between connections.
@Suite struct TransactionTests {
    let scratch: ScratchFolder
    let db: Connection

    init() throws {
        scratch = try ScratchFolder()
        db = try Connection(path: scratch.path("a.db"))
        try db.useWriteAheadLog()
        try db.execute(script: "create table t(v)")
    }

    private func values(_ db: Connection) throws -> [Int] {
        try db.all("select v from t order by v") { row in row[0] }
    }

    private struct Stop: Error, Equatable { var value: Int }

    @Test func `a transaction that ends well is seen by others`() throws {
        let result = try db.transaction {
            try db.run("insert into t values (1)")
            #expect(db.inTransaction)
            return 7
        }
        #expect(result == 7)
        #expect(!db.inTransaction)
        #expect(try values(Connection(path: db.path, mode: .readOnly)) == [1])
    }

    @Test func `an error undoes the transaction and comes out as it was`() throws {
        #expect(throws: Stop(value: 3)) {
            try db.transaction {
                try db.run("insert into t values (1)")
                throw Stop(value: 3)
            }
        }
        #expect(!db.inTransaction)
        #expect(try values(db) == [])
    }

    @Test func `a transaction of SQLite errors alone keeps their type`() throws {
        func typed() throws(SQLiteError) -> Int? {
            try db.transaction { () throws(SQLiteError) -> Int? in
                try db.run("insert into t values (5)")
                return try db.value("select v from t")
            }
        }
        #expect(try typed() == 5)
    }

    @Test func `a savepoint that fails keeps the work around it`() throws {
        try db.transaction {
            try db.run("insert into t values (1)")
            #expect(throws: Stop(value: 2)) {
                try db.savepoint {
                    try db.run("insert into t values (2)")
                    try db.savepoint { try db.run("insert into t values (3)") }
                    throw Stop(value: 2)
                }
            }
            try db.savepoint { try db.run("insert into t values (4)") }
        }
        #expect(try values(db) == [1, 4])
    }

    @Test func `nested savepoints end from the inside`() throws {
        try db.begin()
        for n in 1...3 {
            try db.beginSavepoint()
            try db.run("insert into t values (?)", n)
        }
        try db.rollbackSavepoint()
        try db.releaseSavepoint()
        #expect(try values(db) == [1, 2])
        try db.rollbackSavepoint()
        #expect(try values(db) == [])
        try db.commit()
    }

    @Test func `a held write lock makes others busy after their timeout`() throws {
        let other = try Connection(path: db.path, busyTimeout: .milliseconds(50))
        try db.begin()
        let start = ContinuousClock.now
        let error = #expect(throws: SQLiteError.self) { try other.begin() }
        #expect(error?.code == .busy)
        #expect(error?.message.contains("in use by another process") == true)
        #expect(ContinuousClock.now - start >= .milliseconds(45))
        #expect(!other.inTransaction)
        try db.commit()
        try other.transaction { try other.run("insert into t values (1)") }
        #expect(try values(db) == [1])
    }

    @Test func `a reader that turns writer after another's commit is busy and can begin again`() throws {
        let other = try Connection(path: db.path)
        try other.begin(.deferred)
        #expect(try values(other) == [])
        try db.run("insert into t values (1)")
        let error = #expect(throws: SQLiteError.self) { try other.run("insert into t values (2)") }
        #expect(error?.code == .busy)
        #expect(error?.extendedCode == 517)  // SQLITE_BUSY_SNAPSHOT
        try other.rollback()
        try other.transaction { try other.run("insert into t values (2)") }
        #expect(try values(db) == [1, 2])
    }

    @Test func `a commit that fails leaves nothing behind`() throws {
        try db.setForeignKeys(true)
        try db.execute(
            script: """
                create table parent(id integer primary key);
                create table child(p references parent(id) deferrable initially deferred);
                """)
        let error = #expect(throws: SQLiteError.self) {
            try db.transaction { try db.run("insert into child values (1)") }
        }
        #expect(error?.code == .constraint)
        #expect(!db.inTransaction)
        #expect(try db.value("select count(*) from child") == 0)
    }

    @Test func `closing in a transaction undoes it`() throws {
        try db.begin()
        try db.run("insert into t values (1)")
        db.close()
        #expect(try values(Connection(path: scratch.path("a.db"))) == [])
    }

    @Test func `another connection's commit changes the data version and our own does not`() throws {
        let before = try db.dataVersion()
        try db.run("insert into t values (1)")
        #expect(try db.dataVersion() == before)
        try Connection(path: db.path).run("insert into t values (2)")
        #expect(try db.dataVersion() != before)
    }
}
