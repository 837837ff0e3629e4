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

    @Test func `a transaction that ends well is seen by others`() throws {
        try db.transaction {
            try db.run("insert into t values (1)")
            #expect(db.inTransaction)
        }
        #expect(!db.inTransaction)
        #expect(try values(Connection(path: db.path, mode: .readOnly)) == [1])
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
        try db.run("pragma foreign_keys = on")
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

}
