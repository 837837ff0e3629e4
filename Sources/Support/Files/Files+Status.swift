#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Files {
    /// What the file system says of a file or folder; links are followed.
    public struct Status: Sendable, Equatable {
        /// The permission bits alone.
        public var mode: UInt16
        /// The user id of its owner.
        public var owner: UInt32
        public var size: Int64
        public var isFolder: Bool
        /// When its content changed last, in nanoseconds since 1970.
        public var changedAt: Int64

        public init(mode: UInt16, owner: UInt32, size: Int64, isFolder: Bool, changedAt: Int64) {
            self.changedAt = changedAt
            self.mode = mode
            self.owner = owner
            self.size = size
            self.isFolder = isFolder
        }
    }

    /// Nil where there is nothing of that name.
    public static func status(_ path: String) -> Status? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
            let changed = status.st_mtimespec
        #else
            let changed = status.st_mtim
        #endif
        return Status(
            mode: UInt16(truncatingIfNeeded: status.st_mode & 0o7777), owner: status.st_uid,
            size: Int64(clamping: status.st_size),
            isFolder: status.st_mode & S_IFMT == S_IFDIR,
            changedAt: nanoseconds(Int64(clamping: changed.tv_sec), Int64(clamping: changed.tv_nsec)))
    }

    // Anyone who may write to a file can set its time to any.
    private static func nanoseconds(_ seconds: Int64, _ rest: Int64) -> Int64 {
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, tooMuch) = whole.addingReportingOverflow(rest)
        return overflow || tooMuch ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whether there is a Unix socket of that name; links are not followed.
    public static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Bytes that may still be written on the file system of a path; nil where it cannot be told.
    public static func freeSpace(_ path: String) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int64(
            clamping: UInt64(clamping: status.f_bavail).multipliedReportingOverflow(
                by: UInt64(clamping: status.f_frsize)
            )
            .partialValue)
    }

    /// Whether this process may write there.
    public static func isWritable(_ path: String) -> Bool { access(path, W_OK) == 0 }

    /// The user that this process runs as.
    public static var user: UInt32 { geteuid() }
}
