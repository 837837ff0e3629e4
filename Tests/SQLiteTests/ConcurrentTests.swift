import Dispatch
import FoundationEssentials
import SQLite
import Synchronization
import TestOrder
import TestSupport
import Testing

/// What happens while another thread is at work.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ConcurrentTests {
    let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private final class Progress: Sendable {
        let isStopped = Atomic(false)
        let written = Atomic(0)
    }

    @Test func `a backup taken while another writes is one moment of the database`() async throws {
        let scratch = scratch
        let path = scratch.path("a.db")
        let db = try Connection(path: path)
        try db.useWriteAheadLog()
        try db.setSynchronous(.normal)
        try db.execute(script: "create table t(a, b)")
        try db.setApplicationID(77)
        let progress = Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await onQueue {
                    let writer = try Connection(path: path)
                    try writer.setSynchronous(.normal)
                    while !progress.isStopped.load(ordering: .relaxed) {
                        let n = progress.written.add(1, ordering: .relaxed).newValue
                        // Two rows that are only ever there together.
                        try writer.transaction {
                            try writer.run("insert into t values (?, ?)", n, [UInt8](repeating: 1, count: 3000))
                            try writer.run("insert into t values (?, ?)", -n, [UInt8](repeating: 2, count: 3000))
                        }
                    }
                }
            }
            defer { progress.isStopped.store(true, ordering: .relaxed) }
            for copy in 1...5 {
                let name = scratch.path("copy\(copy).db")
                try await onQueue { try Connection(path: path, mode: .readOnly).backup(to: name) }
                let restored = try Connection(path: name)
                #expect(try restored.integrityCheck() == [])
                #expect(try restored.applicationID() == 77)
                #expect(try restored.value("select coalesce(sum(a), 0) from t") == 0)
                #expect(scratch.permissions("copy\(copy).db") == 0o600)
            }
        }
        #expect(progress.written.load(ordering: .relaxed) > 5)
        #expect(try scratch.names().filter { $0.contains("partial") } == [])
    }

    @Test func `a backup never overwrites`() throws {
        let db = try Connection(path: scratch.path("a.db"))
        try db.execute(script: "create table t(v)")
        try scratch.put(Data("precious".utf8), in: "b.db")
        let error = #expect(throws: SQLiteError.self) { try db.backup(to: scratch.path("b.db")) }
        #expect(error?.code == .cantOpen)
        #expect(try scratch.bytes("b.db") == Data("precious".utf8))
        #expect(try scratch.names() == ["a.db", "b.db"])
    }

    @Test func `a backup that fails leaves nothing`() throws {
        let db = try Connection(path: scratch.path("a.db"))
        try db.execute(script: "create table t(v)")
        #expect(throws: SQLiteError.self) { try db.backup(to: scratch.path("none/b.db")) }
        try db.begin()
        try db.run("insert into t values (1)")
        #expect(throws: SQLiteError.self) { try db.backup(to: scratch.path("c.db")) }
        try db.rollback()
        #expect(try scratch.names() == ["a.db"])
    }
}
