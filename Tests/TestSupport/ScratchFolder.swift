#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A new, empty directory of mode 0700 that is removed, with everything in it, when the last reference goes.
///
/// The path is absolute, has no trailing slash, and is short enough for a Unix socket inside.
public final class ScratchFolder: Sendable {
    /// Absolute path of the directory.
    public let path: String

    /// Makes the directory below `TMPDIR`, or below `/tmp` where that is not set.
    ///
    /// - Throws: `ScratchFolderError` when the directory cannot be made.
    public init(prefix: String = "tt-test") throws(ScratchFolderError) {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let parent = base.isEmpty ? "/tmp" : base
        var template = Array("\(parent)/\(prefix)-XXXXXX".utf8CString)
        guard let made = template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) else {
            throw ScratchFolderError(message: "mkdtemp below \(parent): error \(errno)")
        }
        // The real path, so that comparing with a child's `getcwd` holds where the temporary folder is a link.
        guard let resolved = realpath(made, nil) else {
            throw ScratchFolderError(message: "realpath of \(String(cString: made)): error \(errno)")
        }
        defer { free(resolved) }
        path = String(cString: resolved)
    }

    deinit { Self.remove(path) }

    /// The path of `name` inside the folder; nothing is created.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes `text` to the file `name` in the folder, replacing what was there, and returns its path.
    ///
    /// - Throws: `ScratchFolderError` when the file cannot be written in full.
    @discardableResult
    public func write(_ text: String, to name: String, mode: UInt32 = 0o600) throws(ScratchFolderError) -> String {
        let target = path(name)
        let descriptor = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw ScratchFolderError(message: "open \(target): error \(errno)") }
        defer { _ = close(descriptor) }
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let start = offset
            let count = bytes.withUnsafeBytes { buffer in
                // The module's own `write` would be this method.
                systemWrite(descriptor, buffer.baseAddress! + start, buffer.count - start)
            }
            guard count > 0 else { throw ScratchFolderError(message: "write \(target): error \(errno)") }
            offset += count
        }
        return target
    }

    /// Removes a tree in which a process may still write: what appears meanwhile is removed as well.
    /// - Throws: The tree is still there after many passes.
    public static func removeTree(_ path: String) throws(ScratchFolderError) {
        var status = stat()
        for _ in 0..<1_000 {
            remove(path)
            if lstat(path, &status) != 0 { return }
        }
        throw ScratchFolderError(message: "\(path) cannot be removed: error \(errno)")
    }

    private static func remove(_ path: String) { remove(Array(path.utf8CString)) }

    /// Removes a tree without following links; directories that were made unreadable are opened up first.
    /// - Parameter path: as the system has it, with the zero at its end. A name need not be text.
    private static func remove(_ path: [CChar]) {
        chmod(path, 0o700)
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                        Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                    }
                }
                if [".", ".."].contains(where: { name == Array($0.utf8CString) }) { continue }
                let child = Array(path.dropLast()) + [CChar(UInt8(ascii: "/"))] + name
                var status = stat()
                guard lstat(child, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR { remove(child) } else { unlink(child) }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// A scratch folder could not be made or written.
public struct ScratchFolderError: Error, CustomStringConvertible {
    /// What was tried, on which path, and the system's error number.
    public var message: String
    public var description: String { message }
}

/// Runs `body` with a scratch folder that lives exactly as long as the call.
public func withScratchFolder<Result>(
    prefix: String = "tt-test", _ body: (ScratchFolder) async throws -> Result
) async throws -> Result {
    let folder = try ScratchFolder(prefix: prefix)
    defer { withExtendedLifetime(folder) {} }
    return try await body(folder)
}
