import CSQLite

/// Why SQLite did not do what it was asked for.
public struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is. Open: switch with a `default`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The name of the case, for logs.
        public let description: String

        private init(_ name: String) { description = name }

        /// Another connection held a lock for longer than the busy timeout, or wrote since this transaction began
        /// to read: retry the whole transaction.
        public static let busy = Code("busy")
        /// A lock of this same connection is in the way, such as a statement that is still being read.
        public static let locked = Code("locked")
        /// The disk is full, or the database has reached its page limit; nothing of the statement was kept.
        public static let full = Code("full")
        /// The file, its folder or the connection may only be read.
        public static let readOnly = Code("readOnly")
        /// The file or its folder does not exist or may not be opened.
        public static let cantOpen = Code("cantOpen")
        /// The file is a database, but its pages contradict each other.
        public static let corrupt = Code("corrupt")
        /// The file is something else than a SQLite database.
        public static let notADatabase = Code("notADatabase")
        /// A `unique`, `not null`, `check` or foreign key rule was broken; `extendedCode` says which.
        public static let constraint = Code("constraint")
        /// The operating system failed to read, write or sync.
        public static let ioError = Code("ioError")
        /// A value or statement is longer than SQLite takes.
        public static let tooBig = Code("tooBig")
        /// A value does not have the form that its column is meant to have.
        public static let mismatch = Code("mismatch")
        /// The interface was used wrongly: a fault of the program.
        public static let misuse = Code("misuse")
        /// Anything else, such as SQL that does not parse or a table that does not exist.
        public static let other = Code("other")
    }

    /// What kind of failure it is.
    public var code: Code
    /// SQLite's own number, such as 2067 (`SQLITE_CONSTRAINT_UNIQUE`); 0 where the error is not SQLite's.
    public var extendedCode: Int32
    /// One line for people, without the SQL.
    public var message: String
    /// The statement that failed, without its values.
    public var sql: String?

    /// The message.
    public var description: String { message }

    /// An error that SQLite does not know of, such as a column that holds an unknown word.
    public init(_ code: Code, _ message: String, sql: String? = nil) {
        self.init(code: code, extendedCode: 0, message: message, sql: sql)
    }

    init(code: Code, extendedCode: Int32, message: String, sql: String?) {
        self.code = code
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
    }

    /// The failure that the connection's last call reported with `result`.
    init(_ result: Int32, on handle: OpaquePointer?, sql: String?) {
        let detail = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(result))
        let path = handle.flatMap { sqlite3_db_filename($0, "main") }.map { String(cString: $0) } ?? ""
        let code = Code(result: result)
        var message = code.sentence(path: path)
        message = message.isEmpty ? detail : "\(message): \(detail)"
        if let handle, code == .cantOpen || code == .ioError || code == .full {
            let number = sqlite3_system_errno(handle)
            if number != 0 { message += " (\(systemMessage(number)))" }
        }
        self.init(code: code, extendedCode: result, message: message, sql: sql)
    }
}

extension SQLiteError.Code {
    /// The code for one of SQLite's numbers, extended or not.
    init(result: Int32) {
        switch result & 0xff {
        case SQLITE_BUSY: self = .busy
        case SQLITE_LOCKED: self = .locked
        case SQLITE_FULL: self = .full
        case SQLITE_READONLY, SQLITE_PERM: self = .readOnly
        case SQLITE_CANTOPEN: self = .cantOpen
        case SQLITE_CORRUPT: self = .corrupt
        case SQLITE_NOTADB: self = .notADatabase
        case SQLITE_CONSTRAINT: self = .constraint
        case SQLITE_IOERR: self = .ioError
        case SQLITE_TOOBIG: self = .tooBig
        case SQLITE_MISMATCH: self = .mismatch
        case SQLITE_MISUSE, SQLITE_RANGE: self = .misuse
        default: self = .other
        }
    }

    fileprivate func sentence(path: String) -> String {
        let name = path.isEmpty ? "the database" : path
        return switch self {
        case .busy: "\(name) is in use by another process"
        case .full: "no room is left for \(name)"
        case .readOnly: "\(name) cannot be written"
        case .cantOpen: "\(name) cannot be opened"
        case .corrupt: "\(name) is damaged"
        case .notADatabase: "\(name) is not a SQLite database"
        case .ioError: "\(name) cannot be read or written"
        default: ""
        }
    }
}
