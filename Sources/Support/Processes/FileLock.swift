import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An exclusive lock on a file, held until it is released or its process ends in whatever way.
///
/// The kernel keeps it (an open file description lock), so a crash leaves nothing to clean up. The file stays; its
/// text is for people and says nothing about whether the lock is held.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: Int32
    /// The path that the lock was taken on.
    public let path: String

    /// Takes the lock and writes `text` into the file, or returns nil when another process or object holds it.
    ///
    /// Does not wait. The directory must exist; the file is made with mode 0600.
    /// - Throws: `ProcessError` with code `file`.
    public static func tryAcquire(_ path: String, text: String = "") throws(ProcessError) -> FileLock? {
        while true {
            let descriptor = openFile(path, O_RDWR | O_CREAT)
            guard descriptor >= 0 else { throw ProcessError(.file, "cannot open the lock \(path)", system: errno) }
            let result = shim_lock(descriptor)
            let error = errno
            guard result == 0 else {
                close(descriptor)
                if error == EAGAIN || error == EACCES { return nil }
                throw ProcessError(.file, "cannot lock \(path)", system: error)
            }
            // Somebody may have removed the file in between; a lock on a file without a name protects nothing.
            guard isStillNamed(descriptor, path) else {
                close(descriptor)
                continue
            }
            guard ftruncate(descriptor, 0) == 0, writeAll(Array(text.utf8), to: descriptor) else {
                let error = errno
                close(descriptor)
                throw ProcessError(.file, "cannot write the lock \(path)", system: error)
            }
            return FileLock(descriptor: descriptor, path: path)
        }
    }

    /// Whether somebody holds the lock now. Asking takes nothing away: nobody's `tryAcquire` fails because of it.
    ///
    /// A file that does not exist, or cannot be opened, is not held.
    public static func isHeld(_ path: String) -> Bool {
        let descriptor = openFile(path, O_RDONLY)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return shim_lock_is_held(descriptor) == 1
    }

    /// The text that the last holder wrote, or nil when there is no file.
    public static func text(of path: String) -> String? {
        contents(of: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Lets go of the lock; so does dropping it.
    public consuming func release() {}

    deinit {
        // Not by closing alone: a child that another thread is just starting still has the descriptor until it has
        // reached its program.
        shim_unlock(descriptor)
        close(descriptor)
    }

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    private static func isStillNamed(_ descriptor: Int32, _ path: String) -> Bool {
        var open = stat()
        var named = stat()
        return fstat(descriptor, &open) == 0 && stat(path, &named) == 0
            && open.st_ino == named.st_ino && open.st_dev == named.st_dev
    }
}
