import Dispatch
import Model
import SQLite
import StoreVerbs
import Synchronization

/// The one reader of this process: it neither waits for the writer nor holds it up.
///
/// A read needs no lock that others hold and takes less time than a change of threads, which is why the caller's own
/// thread does it while nobody else reads. Opening, and what has to wait for its turn, is the queue's.
final class ReadQueue: Sendable {
    /// Unchecked: touched only by the holder of `turn`.
    private final class Held: @unchecked Sendable {
        var rows: SQLiteRecords?
        var isClosed = false
    }

    private let held = Held()
    private let turn = Mutex(())
    private let queue = DispatchQueue(label: "store.read", qos: .userInitiated)
    private let open: @Sendable () throws(StoreError) -> SQLiteRecords

    /// - Parameter open: makes the connection, on the queue, when the first verb needs it.
    init(open: @escaping @Sendable () throws(StoreError) -> SQLiteRecords) { self.open = open }

    /// Reads in one transaction, so that everything that is read belongs together.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Verbs<SQLiteRecords>) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        if let result = readAtOnce(body) { return try result.get() }
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: self.turn.withLock { _ in self.perform(body) }) }
        }
        return try result.get()
    }

    /// Nil where the queue has to do it: somebody else reads, or the file is not open yet.
    private func readAtOnce<Value: Sendable>(
        _ body: (Verbs<SQLiteRecords>) throws(StoreError) -> Value
    ) -> Result<Value, StoreError>? {
        turn.withLockIfAvailable { _ in held.rows == nil ? nil : perform(body) } ?? nil
    }

    private func perform<Value>(
        _ body: (Verbs<SQLiteRecords>) throws(StoreError) -> Value
    ) -> Result<Value, StoreError> {
        do throws(StoreError) {
            if held.isClosed { throw StoreError(.closed, "the store is closed") }
            if held.rows == nil { held.rows = try open() }
            let rows = held.rows!
            try rows.run("begin")
            defer { try? rows.db.rollback() }
            return .success(try body(Verbs(rows)))
        } catch {
            return .failure(error)
        }
    }

    /// Finishes what has been asked for, then lets go of the connection.
    func close() async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.turn.withLock { _ in
                    self.held.rows?.db.close()
                    self.held.rows = nil
                    self.held.isClosed = true
                }
                continuation.resume()
            }
        }
    }
}
