import FoundationEssentials
import SQLite
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files that are missing, damaged, closed to us or full.
@Suite struct FileTests {
    let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func filled(_ name: String, rows: Int = 2000) throws -> Connection {
        let db = try Connection(path: scratch.path(name))
        try db.execute(script: "create table t(id integer primary key, v text); create index i on t(v)")
        try db.transaction {
            for id in 0..<rows { try db.run("insert into t values (?, ?)", id, "some text, number \(id)") }
        }
        return db
    }

    @Test func `a new file belongs to its owner only, and so does its log`() throws {
        let db = try Connection(path: scratch.path("a.db"))
        try db.useWriteAheadLog()
        try db.execute(script: "create table t(v)")
        #expect(try scratch.names() == ["a.db", "a.db-shm", "a.db-wal"])
        for name in try scratch.names() { #expect(scratch.permissions(name) == 0o600) }
    }

    @Test(arguments: ["", "a\0b", "no/such/folder/a.db", "."])
    func `a path that leads nowhere cannot be opened`(name: String) throws {
        let path = name.isEmpty ? "" : scratch.path(name)
        let error = #expect(throws: SQLiteError.self) { try Connection(path: path) }
        #expect(error?.code == .cantOpen)
        #expect(error?.message.contains("cannot be opened") == true)
    }

    @Test(arguments: [Connection.Mode.readWrite, .readOnly])
    func `a missing file is not created by those who only open`(mode: Connection.Mode) throws {
        let error = #expect(throws: SQLiteError.self) { try Connection(path: scratch.path("a.db"), mode: mode) }
        #expect(error?.code == .cantOpen)
        #expect(error?.message.hasSuffix("No such file or directory") == true)
        #expect(try scratch.names() == [])
    }

    @Test func `a connection for reading refuses to write`() throws {
        _ = try filled("a.db", rows: 1)
        let reader = try Connection(path: scratch.path("a.db"), mode: .readOnly)
        #expect(try reader.value("select count(*) from t") == 1)
        let error = #expect(throws: SQLiteError.self) { try reader.run("delete from t") }
        #expect(error?.code == .readOnly)
        #expect(error?.message.contains("cannot be written") == true)
    }

    @Test func `a folder that may only be read takes no new file`() throws {
        chmod(scratch.path, 0o500)
        defer { chmod(scratch.path, 0o700) }
        // Root may write everywhere except where the kernel lets nobody make a file.
        let folder = geteuid() == 0 ? "/sys/kernel" : scratch.path
        let error = #expect(throws: SQLiteError.self) { try Connection(path: "\(folder)/a.db") }
        #expect(error?.code == .cantOpen)
        // In a container, that folder may be mounted for reading only.
        let reasons = ["Permission denied"] + (geteuid() == 0 ? ["Read-only file system"] : [])
        #expect(reasons.contains { error?.message.hasSuffix(": \($0)") == true })
    }

    @Test func `another kind of file is named as such and left alone`() throws {
        let text = Data(String(repeating: "Dear diary, ", count: 500).utf8)
        try scratch.put(text, in: "diary.txt")
        let db = try Connection(path: scratch.path("diary.txt"))
        let error = #expect(throws: SQLiteError.self) { try db.userVersion() }
        #expect(error?.code == .notADatabase)
        #expect(error?.message.contains("diary.txt is not a SQLite database") == true)
        #expect(throws: SQLiteError.self) { try db.useWriteAheadLog() }
        #expect(throws: SQLiteError.self) { try db.execute(script: "create table t(v)") }
        db.close()
        #expect(try scratch.bytes("diary.txt") == text)
    }

    @Test func `half a database opens, and every use of it says that it is damaged`() throws {
        try filled("whole.db").close()
        let whole = try scratch.bytes("whole.db")
        try scratch.put(whole.prefix(whole.count / 2), in: "half.db")
        let db = try Connection(path: scratch.path("half.db"))
        let uses: [() throws -> Void] = [
            { _ = try db.userVersion() },
            { _ = try db.quickCheck() },
            { _ = try db.all("select v from t") { row in row[0] as String } },
            { try db.run("insert into t(v) values ('x')") },
        ]
        for use in uses {
            let error = #expect(throws: SQLiteError.self) { try use() }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("half.db is damaged") == true)
        }
        db.close()
        #expect(try scratch.bytes("half.db") == whole.prefix(whole.count / 2))
    }

    @Test func `pages overwritten with noise are found by the check`() throws {
        try filled("a.db").close()
        var bytes = try scratch.bytes("a.db")
        let middle = bytes.count / 2 / 4096 * 4096
        bytes.replaceSubrange(middle..<middle + 4096, with: Data(repeating: 0xa5, count: 4096))
        try scratch.put(bytes, in: "a.db")
        let db = try Connection(path: scratch.path("a.db"))
        #expect(try db.userVersion() == 0)
        #expect(try !db.quickCheck().isEmpty)
    }

    @Test func `a healthy database passes both checks`() throws {
        let db = try filled("a.db")
        #expect(try db.quickCheck() == [])
        #expect(try db.integrityCheck() == [])
    }

    @Test func `a full database says so, and the transaction leaves no trace`() throws {
        let db = try filled("a.db", rows: 10)
        #expect(try db.setMaximumPageCount(20) == 20)
        let error = #expect(throws: SQLiteError.self) {
            try db.transaction {
                for id in 10..<10_000 { try db.run("insert into t values (?, ?)", id, "some more text") }
            }
        }
        #expect(error?.code == .full)
        #expect(error?.message.contains("no room is left") == true)
        #expect(!db.inTransaction)
        #expect(try db.value("select count(*) from t") == 10)
        #expect(try db.pageCount <= 20)
        try db.setMaximumPageCount(10_000)
        #expect(try db.run("insert into t values (10, 'fits')") == 1)
        #expect(try db.integrityCheck() == [])
    }

    @Test func `the file remembers its settings`() throws {
        let db = try Connection(path: scratch.path("a.db"))
        try db.useWriteAheadLog()
        try db.setUserVersion(12)
        try db.setApplicationID(0x5474_6f77)
        let other = try Connection(path: scratch.path("a.db"))
        #expect(try other.userVersion() == 12)
        #expect(try other.applicationID() == 0x5474_6f77)
        #expect(try other.value("pragma journal_mode") == "wal")
        for level in [Connection.Synchronous.full, .normal] {
            try other.setSynchronous(level)
            #expect(try other.value("pragma synchronous") == level.rawValue)
        }
    }

    @Test func `a database in memory has no write-ahead log`() throws {
        #expect(throws: SQLiteError.self) { try Connection(path: ":memory:").useWriteAheadLog() }
    }

    @Test func `a checkpoint empties the log`() throws {
        let db = try Connection(path: scratch.path("a.db"))
        try db.useWriteAheadLog()
        try db.execute(script: "create table t(v); insert into t values (1)")
        let log = try db.checkpoint(.full)
        #expect(log.logged > 0 && log.moved == log.logged)
        try db.checkpoint(.truncate)
        #expect(try scratch.bytes("a.db-wal").isEmpty)
    }

    @Test func `a checkpoint that a reader holds up is busy and a passive one is not`() throws {
        let db = try Connection(path: scratch.path("a.db"), busyTimeout: .zero)
        try db.useWriteAheadLog()
        try db.execute(script: "create table t(v); insert into t values (1)")
        let reader = try Connection(path: scratch.path("a.db"))
        try reader.begin(.deferred)
        let _: Int? = try reader.value("select v from t")
        try db.run("insert into t values (2)")
        let error = #expect(throws: SQLiteError.self) { try db.checkpoint(.truncate) }
        #expect(error?.code == .busy)
        let partly = try db.checkpoint(.passive)
        #expect(partly.moved < partly.logged)
        try reader.rollback()
        try db.checkpoint(.truncate)
    }
}
