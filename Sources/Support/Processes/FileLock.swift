import CShims
public import Files

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
    /// - Throws: `ProcessError` with code `file`, or `unsafeFile` for a link and the like.
    public static func tryAcquire(_ file: SafePath, text: String = "") throws(ProcessError) -> FileLock? {
        while true {
            let descriptor = try open(file)
            let result = shim_lock(descriptor)
            let error = errno
            guard result == 0 else {
                close(descriptor)
                if error == EAGAIN || error == EACCES { return nil }
                throw ProcessError(.file, "cannot lock \(file)", system: error)
            }
            // Somebody may have removed the file in between; a lock on a file without a name protects nothing.
            guard file.isFile(of: descriptor) == true else {
                close(descriptor)
                continue
            }
            guard ftruncate(descriptor, 0) == 0, writeAll(Array(text.utf8), to: descriptor) else {
                let error = errno
                close(descriptor)
                throw ProcessError(.file, "cannot write the lock \(file)", system: error)
            }
            return FileLock(descriptor: descriptor, path: file.path)
        }
    }

    /// The same for a path of which the last part alone is guarded.
    public static func tryAcquire(_ path: String, text: String = "") throws(ProcessError) -> FileLock? {
        try tryAcquire(SafePath(path: path), text: text)
    }

    /// Whether somebody holds the lock now. Asking takes nothing away: nobody's `tryAcquire` fails because of it.
    ///
    /// A file that does not exist, or cannot be opened, is not held.
    public static func isHeld(_ file: SafePath) -> Bool {
        guard let descriptor = (try? file.open(.read)) ?? nil else { return false }
        defer { close(descriptor) }
        return shim_lock_is_held(descriptor) == 1
    }

    /// The same for a path of which the last part alone is guarded.
    public static func isHeld(_ path: String) -> Bool { isHeld(SafePath(path: path)) }

    /// The text that the last holder wrote, or nil when there is no file.
    public static func text(of file: SafePath) -> String? {
        (try? file.text(limit: Files.Limit.short)) ?? nil
    }

    /// The same for a path of which the last part alone is guarded.
    public static func text(of path: String) -> String? { text(of: SafePath(path: path)) }

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

    private static func open(_ file: SafePath) throws(ProcessError) -> Int32 {
        let descriptor: Int32?
        do { descriptor = try file.open(.update) } catch { throw ProcessError(error) }
        guard let descriptor else { throw ProcessError(.file, "cannot open the lock \(file)") }
        return descriptor
    }
}
