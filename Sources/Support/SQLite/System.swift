#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system's words for an `errno`.
func systemMessage(_ number: Int32) -> String {
    strerror(number).map { String(cString: $0) } ?? "error \(number)"
}

/// Creates an empty file for its owner only, unless something is already there.
///
/// - Returns: the system's error if it cannot be made; 0 if it exists now.
func createPrivateFile(_ path: String) -> Int32 {
    #if os(Linux)
        // Not by opening it: closing a descriptor of a file drops every lock that this process has on it
        // (https://sqlite.org/howtocorrupt.html, section 2.2).
        if mknod(path, S_IFREG | 0o600, 0) == 0 { return 0 }
    #else
        let descriptor = open(path, O_CREAT | O_EXCL | O_CLOEXEC | O_WRONLY, 0o600)
        if descriptor >= 0 {
            close(descriptor)
            return 0
        }
    #endif
    return errno == EEXIST ? 0 : errno
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

func removeFile(_ path: String) { unlink(path) }

/// Gives a finished file its name without replacing another, and waits until the disk knows.
/// - Returns: what went wrong, or nil.
func moveDurably(_ source: String, _ destination: String) -> String? {
    // link, not rename: rename would replace a file that came in between.
    guard link(source, destination) == 0 else { return systemMessage(errno) }
    unlink(source)
    let folder = destination.lastIndex(of: "/").map { String(destination[...$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return fsync(descriptor) == 0 ? nil : systemMessage(errno)
}
