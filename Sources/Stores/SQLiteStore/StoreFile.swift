import Files
import Model
import SQLite

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How `SQLiteStore` treats its file.
public struct SQLiteOptions: Sendable {
    /// What an answered verb survives.
    public enum Durability: String, Sendable {
        /// The loss of power.
        case full
        /// The death of every process; after a loss of power the last moments may be missing, but never a part.
        case normal
    }

    public var durability: Durability
    /// How long a verb waits for other processes' transactions before it fails with `busy`.
    public var busyTimeout: Duration
    /// Whether a missing file is made; otherwise opening fails with `unavailable`.
    public var creates: Bool
    /// A limit of the file's size in pages of 4096 bytes, for tests of a full disk.
    package var maxPages: Int?

    public init(durability: Durability = .full, busyTimeout: Duration = .seconds(5), creates: Bool = true) {
        self.durability = durability
        self.busyTimeout = busyTimeout
        self.creates = creates
    }
}

/// The file `town.db` in a folder, and the lock beside it by which a process knows whether it is alone.
///
/// Every process that has the store open shares the lock `town.lock`. One that gets it alone and finds a write-ahead
/// log knows that the last user of the file died, and has the file checked before it is used.
struct StoreFile: Sendable {
    let folder: String
    let options: SQLiteOptions
    let file: SafePath

    init(folder: String, options: SQLiteOptions) {
        self.folder = folder
        self.options = options
        file = Self.place("town.db", in: folder)
    }

    var path: String { folder + "/town.db" }

    /// A file of the store. The store's folder, too, may be no link.
    static func place(_ name: String, in folder: String) -> SafePath {
        SafePath(Files.name(of: folder) + "/" + name, in: Files.parent(of: folder))
    }

    /// Looks at every file that SQLite opens by its name, before it does.
    /// - Throws: `FileError` where one is a link, has other names or belongs to another user.
    static func check(_ database: SafePath) throws(FileError) {
        let name = database.name
        try database.check(siblings: [name, name + "-wal", name + "-shm", name + "-journal", "town.lock"])
    }

    private func checkFiles() throws(StoreError) {
        do { try Self.check(file) } catch { throw StoreError(.unavailable, error.description) }
    }

    /// Opens for writing, making or migrating what is there.
    func openForWriting() throws(StoreError) -> Connection {
        try checkFiles()
        do throws(SQLiteError) {
            let db = try Connection(
                path: path, mode: options.creates ? .readWriteCreate : .readWrite, busyTimeout: options.busyTimeout)
            // Looked at before the first write: a file that is not ours stays as it is.
            try check(db)
            try db.useWriteAheadLog()
            try db.setSynchronous(options.durability == .full ? .full : .normal)
            try db.run("pragma journal_size_limit = 67108864")
            db.checkpointByHand()
            if let pages = options.maxPages { _ = try db.setMaximumPageCount(pages) }
            return db
        } catch {
            throw explain(error)
        }
    }

    /// Opens for reading a file that is there and up to date; nil where it has to be made or migrated first.
    func openForReading() throws(StoreError) -> Connection? {
        try checkFiles()
        do throws(SQLiteError) {
            let db = try Connection(path: path, mode: .readWrite, busyTimeout: options.busyTimeout)
            guard try check(db) == .town(version: Schema.version) else { return nil }
            try db.run("pragma query_only = 1")
            return db
        } catch {
            throw explain(error)
        }
    }

    @discardableResult
    private func check(_ db: Connection) throws(SQLiteError) -> Schema.Content {
        let content = try Schema.content(of: db)
        switch content {
        case .something: throw SQLiteError(.notADatabase, "\(path) is a SQLite database, but not a town's")
        case .town(let version) where version > Schema.version:
            throw SQLiteError(.mismatch, Schema.newerText(path, found: version, known: Schema.version))
        default: return content
        }
    }

    private func explain(_ error: SQLiteError) -> StoreError {
        switch error.code {
        case .cantOpen where access(folder, W_OK) != 0 && errno != ENOENT:
            StoreError(.readOnly, "\(folder) cannot be written, and the store needs to write beside \(path)")
        case .readOnly: StoreError(.readOnly, "\(error.message); make \(folder) writable")
        case .notADatabase: StoreError(.corrupt, "\(error.message); move it away or restore a copy")
        case .corrupt: StoreError(.corrupt, "\(error.message); restore a copy, or try: sqlite3 \(path) .recover")
        default: StoreError(error)
        }
    }

    /// Whether the file holds nothing at all: missing, or empty.
    func isEmpty() -> Bool { size(path) ?? 0 == 0 }

    /// Whether a write-ahead log with content is there.
    func hasLog() -> Bool { size(path + "-wal") ?? 0 > 0 }

    /// Whether the file is there.
    func exists() -> Bool { size(path) != nil }

    private func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(clamping: status.st_size) : nil
    }

    /// Checks the file after a crash, and empties the log so that it need not be checked again.
    func checkAfterCrash(_ db: Connection) throws(StoreError) {
        do throws(SQLiteError) {
            let problems = try db.quickCheck()
            if let first = problems.first { throw SQLiteError(.corrupt, "\(path) is damaged: \(first)") }
            _ = try? db.checkpoint(.truncate)
        } catch {
            throw explain(error)
        }
    }
}

/// The lock `town.lock`, shared while the store is open. It also remembers that a store was made here.
final class StoreLock: Sendable {
    private let descriptor: Int32
    /// Nobody else had the store open when the lock was taken.
    let isAlone: Bool

    /// - Returns: nil where the folder cannot be written; then nothing can be told about others.
    /// - Throws: `unavailable` where the lock is a link, has other names or belongs to another user.
    init?(folder: String) throws(StoreError) {
        var opened: Int32?
        do { opened = try StoreFile.place("town.lock", in: folder).open(.update) } catch {
            if error.isUnsafe { throw StoreError(.unavailable, error.description) }
        }
        guard let opened else { return nil }
        descriptor = opened
        isAlone = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        // Waits while another process, being alone, checks or makes the file.
        if !isAlone { while flock(descriptor, LOCK_SH) != 0, errno == EINTR {} }
    }

    deinit {
        // Not by closing alone: a child that another thread is just starting still has the descriptor until it has
        // reached its program.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Lets others in.
    func share() { _ = flock(descriptor, LOCK_SH) }

    /// Whether a store was made here before.
    var isMarked: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_size > 0
    }

    /// Remembers that there is a store: an empty file is then known to be a damaged one.
    func mark() {
        let text = Array("a town's store is beside this file\n".utf8)
        _ = pwrite(descriptor, text, text.count, 0)
    }
}
