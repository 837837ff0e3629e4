import Concurrency
import Dispatch
import Model
import SQLite
import StoreVerbs
import Synchronization

/// The one writer of this process: verbs that arrive while a transaction is under way go into the next one together,
/// and each is answered only after the commit that made it last. One sync to the disk then serves all of them.
final class WriteQueue: Sendable {
    /// A verb that can be carried out again after its transaction was undone.
    protocol Job: Sendable {
        var rings: Ring { get }
        /// Whether its effects must be on the disk before it counts.
        var needsSync: Bool { get }
        func attempt(_ verbs: Verbs<SQLiteRecords>) -> StoreError?
        func finish(_ failure: StoreError?)
    }

    private final class Write<Value: Sendable>: Job {
        let rings: Ring
        let needsSync: Bool
        private let body: @Sendable (Verbs<SQLiteRecords>) throws(StoreError) -> Value
        private let continuation: CheckedContinuation<Result<Value, StoreError>, Never>
        private let value = Mutex<Value?>(nil)

        init(
            rings: Ring, needsSync: Bool, continuation: CheckedContinuation<Result<Value, StoreError>, Never>,
            body: @escaping @Sendable (Verbs<SQLiteRecords>) throws(StoreError) -> Value
        ) {
            self.rings = rings
            self.needsSync = needsSync
            self.continuation = continuation
            self.body = body
        }

        func attempt(_ verbs: Verbs<SQLiteRecords>) -> StoreError? {
            do throws(StoreError) {
                let result = try body(verbs)
                value.withLock { $0 = result }
                return nil
            } catch {
                return error
            }
        }

        func finish(_ failure: StoreError?) {
            let value = value.withLock { $0 }
            if let failure {
                continuation.resume(returning: .failure(failure))
            } else if let value {
                continuation.resume(returning: .success(value))
            }
        }
    }

    private struct Pending {
        var jobs: [any Job] = []
        var isScheduled = false
        var isClosed = false
    }

    /// Unchecked: touched only by the holder of `turn`.
    private final class Held: @unchecked Sendable { var rows: SQLiteRecords? }

    private let pending = Mutex(Pending())
    private let held = Held()
    /// Held while the connection is used: by the queue, or by a caller that found it idle.
    private let turn = Mutex(())
    private let syncs: Bool
    private let busyTimeout: Duration
    private let queue = DispatchQueue(label: "store.write", qos: .userInitiated)
    private let isCheckpointDue = Atomic(false)
    private let open: @Sendable () throws(StoreError) -> SQLiteRecords
    private let committed: @Sendable () -> Void

    // Longer transactions would keep other processes waiting.
    private static let mostTogether = 128
    // In pages; SQLite's own default. Moving them takes milliseconds, for which no caller waits.
    private static let longestLog = 1000

    /// - Parameters:
    ///   - syncs: whether verbs that need it wait for the disk.
    ///   - busyTimeout: how long a transaction waits for another process.
    ///   - open: makes the connection, on the queue, when the first verb needs it.
    ///   - committed: called on the queue after each commit that followers must hear of, before callers go on.
    init(
        syncs: Bool, busyTimeout: Duration, open: @escaping @Sendable () throws(StoreError) -> SQLiteRecords,
        committed: @escaping @Sendable () -> Void
    ) {
        self.syncs = syncs
        self.busyTimeout = busyTimeout
        self.open = open
        self.committed = committed
    }

    /// Carries out a verb; returns when it is durable.
    func write<Value: Sendable>(
        rings: Ring = .first, needsSync: Bool = true,
        _ body: @escaping @Sendable (Verbs<SQLiteRecords>) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            add(Write(rings: rings, needsSync: needsSync, continuation: continuation, body: body))
        }
        return try result.get()
    }

    private func add(_ job: any Job) {
        let (starts, isClosed) = pending.withLock { pending in
            if pending.isClosed { return (false, true) }
            pending.jobs.append(job)
            defer { pending.isScheduled = true }
            return (!pending.isScheduled, false)
        }
        if isClosed { return job.finish(StoreError(.closed, "the store is closed")) }
        guard starts else { return }
        // What waits neither for the disk nor for another process takes less time than a change of threads, which is
        // why the caller's own thread may do it. It only ever tries: whatever would have to wait goes to the queue.
        if !syncs || !job.needsSync, tryAtOnce() { return }
        queue.async { self.drain() }
    }

    /// Carries out the job that was just added, on this thread, where nothing stands in the way.
    /// - Returns: false where the queue has to do it.
    private func tryAtOnce() -> Bool {
        let done: Bool? = turn.withLockIfAvailable { _ in
            guard let rows = held.rows else { return false }
            // `setBusyTimeout` also ends at once where another process holds the lock.
            rows.db.setBusyTimeout(.zero)
            defer { rows.db.setBusyTimeout(busyTimeout) }
            do throws(SQLiteError) {
                try setSync(false, rows)
                try rows.db.begin(.immediate)
            } catch {
                return false
            }
            let batch = pending.withLock { pending in
                defer { pending.jobs.removeFirst() }
                return pending.jobs[0]
            }
            finishAlone(batch, rows)
            return true
        }
        guard done == true else { return false }
        let isMore = pending.withLock { pending in
            pending.isScheduled = !pending.jobs.isEmpty || isCheckpointDue.load(ordering: .relaxed)
            return pending.isScheduled
        }
        if isMore { queue.async { self.drain() } }
        return true
    }

    /// Finishes what has been asked for, then lets go of the connection.
    func close() async {
        pending.withLock { $0.isClosed = true }
        await withCheckedContinuation { continuation in
            queue.async {
                self.drain()
                self.turn.withLock { _ in
                    self.held.rows?.db.close()
                    self.held.rows = nil
                }
                continuation.resume()
            }
        }
    }

    // MARK: On the queue

    private func drain() {
        while true {
            let batch = pending.withLock { pending -> [any Job] in
                if pending.jobs.isEmpty { pending.isScheduled = false }
                let batch = Array(pending.jobs.prefix(Self.mostTogether))
                pending.jobs.removeFirst(batch.count)
                return batch
            }
            if !batch.isEmpty { turn.withLock { _ in carryOut(batch) } }
            if isCheckpointDue.exchange(false, ordering: .relaxed) { turn.withLock { _ in checkpoint() } }
            if batch.isEmpty { return }
        }
    }

    private func carryOut(_ batch: [any Job]) {
        let rows: SQLiteRecords
        do throws(StoreError) {
            if held.rows == nil { held.rows = try open() }
            rows = held.rows!
        } catch {
            for job in batch { job.finish(error) }
            return
        }
        // A lone verb needs no savepoint: the transaction is its own.
        if batch.count > 1, runTogether(batch, rows) { return }
        for job in batch { runAlone(job, rows) }
    }

    private func runAlone(_ job: any Job, _ rows: SQLiteRecords) {
        do throws(SQLiteError) {
            try setSync(job.needsSync, rows)
            try rows.db.begin(.immediate)
        } catch {
            return job.finish(StoreError(error))
        }
        finishAlone(job, rows)
    }

    // In an open transaction.
    private func finishAlone(_ job: any Job, _ rows: SQLiteRecords) {
        let before = rows.db.totalChanges
        if let failure = job.attempt(Verbs(rows)) {
            try? rows.db.rollback()
            return job.finish(failure)
        }
        let failure = commit(rows)
        let rings = failure == nil && rows.db.totalChanges != before ? job.rings : .never
        let isLate = rings == .soon && Reactor.shared.isCurrent
        if rings != .never, !isLate { committed() }
        job.finish(failure)
        if isLate { Reactor.shared.perform(committed) }
    }

    /// - Returns: false where the transaction was lost as a whole and nothing was answered: each verb has to be tried
    ///   alone, so that the one that is at fault fails by itself.
    private func runTogether(_ batch: [any Job], _ rows: SQLiteRecords) -> Bool {
        var failures: [StoreError?] = []
        var rings = false
        do throws(SQLiteError) {
            try setSync(batch.contains { $0.needsSync }, rows)
            try rows.db.begin(.immediate)
            for job in batch {
                let before = rows.db.totalChanges
                try rows.db.beginSavepoint()
                let failure = job.attempt(Verbs(rows))
                // SQLite undoes everything by itself after some errors, such as a full disk.
                guard rows.db.inTransaction else { return false }
                if failure != nil {
                    try rows.db.rollbackSavepoint()
                } else {
                    try rows.db.releaseSavepoint()
                    rings = rings || (job.rings != .never && rows.db.totalChanges != before)
                }
                failures.append(failure)
            }
        } catch {
            try? rows.db.rollback()
            if error.code == .busy {
                for job in batch { job.finish(StoreError(error)) }
                return true
            }
            return false
        }
        let failure = commit(rows)
        if failure == nil, rings { committed() }
        for (job, own) in zip(batch, failures) { job.finish(own ?? failure) }
        return true
    }

    private func checkpoint() {
        // One that fails, on a full disk for example, is tried again after the next commit.
        _ = try? held.rows?.db.checkpoint()
    }

    /// The next transaction waits for the disk, or not. A later one that does takes the earlier ones along.
    private func setSync(_ needed: Bool, _ rows: SQLiteRecords) throws(SQLiteError) {
        guard syncs, rows.isSyncing != needed else { return }
        try rows.db.setSynchronous(needed ? .full : .normal)
        rows.isSyncing = needed
    }

    private func commit(_ rows: SQLiteRecords) -> StoreError? {
        do throws(SQLiteError) {
            try rows.db.commit()
            if rows.db.loggedPages >= Self.longestLog { isCheckpointDue.store(true, ordering: .relaxed) }
            return nil
        } catch {
            try? rows.db.rollback()
            // The log may hold the transaction although the disk did not confirm it.
            if error.code == .ioError { return StoreError(.unknownOutcome, error.message) }
            return StoreError(error)
        }
    }
}
