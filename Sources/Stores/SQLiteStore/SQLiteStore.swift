import Concurrency
import Doorbell
public import Files
public import Model
import SQLite
import StoreVerbs
import Synchronization

/// The embedded store: one SQLite file, used by any number of processes of a machine.
///
/// Verbs block a queue of the store's own, never the caller's. One that writes returns after its commit; several that
/// come at once share a commit. Cancelling a caller does not cancel its verb.
public final class SQLiteStore: Sendable {
    let writer: WriteQueue
    let reader: ReadQueue
    let bell = ChangeBell()
    let file: StoreFile
    /// Tells followers in every process.
    let ring: @Sendable () -> Void
    private let folder: String
    private let ears = Mutex(Ears())
    private let lock: StoreLock?

    /// Whether the store has been closed.
    var isClosed: Bool { ears.withLock { $0.isClosed } }

    private struct Ears: Sendable {
        var listener: Listener?
        var isClosed = false
    }

    /// Opens the store in `folder`, an existing directory, and makes it where there is none. An older store is
    /// migrated, with a copy beside it. A clean store is neither checked nor written.
    ///
    /// - Throws: `newerVersion`, `corrupt`, `readOnly`, `full`, `busy`, or `unavailable` where there is no store and
    ///   none may be made.
    public static func open(folder: String, options: SQLiteOptions = SQLiteOptions()) async throws(StoreError)
        -> SQLiteStore
    {
        let opening = QueueExecutor(label: "store.open")
        return try await opening.run { () throws(StoreError) in try SQLiteStore(folder: folder, options: options) }
    }

    /// Looks at every file of a store without opening one: for callers that report what is wrong with a file.
    /// - Throws: `FileError` where one is a link, has other names or belongs to another user.
    public static func check(_ database: SafePath) throws(FileError) { try StoreFile.check(database) }

    /// Blocks while it opens: for the queue of `open`.
    private init(folder: String, options: SQLiteOptions) throws(StoreError) {
        // Links on the way to the town's folder are the user's own; the store's folder itself may be none.
        let around = (try? Files.canonical(Files.parent(of: folder))) ?? Files.parent(of: folder)
        let folder = SafePath(Files.name(of: folder), in: around).path
        let file = StoreFile(folder: folder, options: options)
        let lock = try StoreLock(folder: folder)
        try Self.prepare(file, lock)
        lock?.share()
        self.folder = folder
        self.lock = lock
        self.file = file
        let bell = bell
        let ringer = Ringer(folder: folder + "/bells")
        // The bells of this process hang there as well; only where ringing fails are they told directly.
        let ring = { @Sendable () -> Void in if (try? ringer.ring()) == nil { bell.ring() } }
        self.ring = ring
        writer = WriteQueue(syncs: options.durability == .full, busyTimeout: options.busyTimeout) {
            () throws(StoreError) in
            SQLiteRecords(try file.openForWriting())
        } committed: {
            ring()
        }
        reader = ReadQueue { () throws(StoreError) in
            guard let db = try file.openForReading() else {
                throw StoreError(.corrupt, "\(file.path) was emptied while it was in use")
            }
            return SQLiteRecords(db)
        }
    }

    private static func prepare(_ file: StoreFile, _ lock: StoreLock?) throws(StoreError) {
        if file.isEmpty() {
            if !file.exists(), !file.options.creates {
                throw StoreError(.unavailable, "there is no store at \(file.path)")
            }
            if file.exists(), lock?.isMarked == true, lock?.isAlone == true, !file.hasLog() {
                throw StoreError(
                    .corrupt, "\(file.path) is empty, but it held a town; restore a copy, or delete it to begin anew")
            }
        } else if !(lock?.isAlone == true && file.hasLog()), try file.openForReading() != nil {
            return
        }
        let db = try file.openForWriting()
        defer { db.close() }
        if lock?.isAlone == true, file.hasLog() { try file.checkAfterCrash(db) }
        try Schema.prepare(db)
        if lock?.isMarked == false { lock?.mark() }
    }

    deinit {
        ears.withLock { $0.listener }?.close()
    }

    /// See `Store.changes`.
    public func changes() async throws(StoreError) -> AsyncStream<Void> {
        let stream = bell.follow()
        do throws(DoorbellError) {
            try listen()
        } catch {
            throw StoreError(.unavailable, "changes cannot be followed: \(error)")
        }
        return stream
    }

    // One listener serves every follower of this process, from the first on.
    private func listen() throws(DoorbellError) {
        if ears.withLock({ $0.isClosed || $0.listener != nil }) { return }
        let bell = bell
        let listener = try Listener(folder: folder + "/bells") { bell.ring() }
        let isSpare = ears.withLock { ears in
            if ears.isClosed || ears.listener != nil { return true }
            ears.listener = listener
            return false
        }
        if isSpare { listener.close() }
    }

    /// See `Store.close`.
    public func close() async {
        let listener = ears.withLock { ears in
            defer {
                ears.isClosed = true
                ears.listener = nil
            }
            return ears.listener
        }
        await writer.close()
        await reader.close()
        listener?.close()
        bell.close()
    }
}
