#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small files and folders, with the modes and the atomicity that a town's files need. Blocks; meant for short work.
public enum Files {
    /// The whole text of a file, bytes that are not UTF-8 replaced; nil where there is no such file.
    public static func text(_ path: String) throws(FileError) -> String? {
        guard let bytes = try bytes(path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The whole content of a file; nil where there is none.
    public static func bytes(_ path: String) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileError("read", path)
        }
        defer { _ = close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes { readBytes(descriptor, $0.baseAddress!, $0.count) }
            if count == 0 { return content }
            if count > 0 { content += chunk[..<count] } else if errno != EINTR { throw FileError("read", path) }
        }
    }

    /// Writes a file so that after a crash it has either its old content or its new content, whole.
    public static func write(_ text: String, to path: String, mode: UInt16 = 0o600) throws(FileError) {
        let target = (try? canonical(path)) ?? path
        let partial = target + ".new-\(getpid())"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode_t(mode))
        guard descriptor >= 0 else { throw FileError("write", path) }
        var failure: FileError?
        var text = text
        text.withUTF8 { bytes in
            var done = 0
            while done < bytes.count, failure == nil {
                let count = writeBytes(descriptor, bytes.baseAddress! + done, bytes.count - done)
                if count >= 0 { done += count } else if errno != EINTR { failure = FileError("write", path) }
            }
        }
        if failure == nil, fchmod(descriptor, mode_t(mode)) != 0 || fsync(descriptor) != 0 {
            failure = FileError("write", path)
        }
        _ = close(descriptor)
        if failure == nil, rename(partial, target) != 0 { failure = FileError("write", path) }
        if let failure {
            unlink(partial)
            throw failure
        }
        synchronise(folder: parent(of: target))
    }

    /// Makes a folder and those above it; one that exists already is fine and keeps its mode.
    public static func makeFolder(_ path: String, mode: UInt16 = 0o700) throws(FileError) {
        if mkdir(path, mode_t(mode)) == 0 || errno == EEXIST {
            guard isFolder(path) else { throw FileError(path: path, number: ENOTDIR, doing: "make the folder") }
            return
        }
        guard errno == ENOENT, path != "/", !path.isEmpty else { throw FileError("make the folder", path) }
        try makeFolder(parent(of: path), mode: mode)
        guard mkdir(path, mode_t(mode)) == 0 || errno == EEXIST else { throw FileError("make the folder", path) }
    }

    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The permissions of a file, links followed; nil where there is none.
    public static func mode(_ path: String) -> UInt16? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt16(status.st_mode & 0o777) : nil
    }

    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The absolute path without links, `.` and `..`.
    public static func canonical(_ path: String) throws(FileError) -> String {
        guard let resolved = realpath(path, nil) else { throw FileError("find", path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The working directory.
    public static func currentFolder() throws(FileError) -> String {
        guard let path = getcwd(nil, 0) else { throw FileError("find", ".") }
        defer { free(path) }
        return String(cString: path)
    }

    /// Everything before the last slash; `/` for what stands at the root, `.` where there is no slash.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Everything after the last slash.
    public static func name(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
    }

    /// The names in a folder, sorted, without `.` and `..`; empty where there is no such folder.
    public static func names(in folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, or a folder with all that is in it; links are removed, never followed.
    public static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in names(in: path) { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    /// Gives a file another name.
    public static func move(_ path: String, to new: String) throws(FileError) {
        guard rename(path, new) == 0 else { throw FileError("rename", path) }
    }

    /// Runs `body` while no other process runs one under the same lock file. Waits for its turn.
    public static func locked<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("lock", path) }
        defer { _ = close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw FileError("lock", path) }
        }
        return try body()
    }

    private static func synchronise(folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        _ = close(descriptor)
    }
}

/// A file that could not be used.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    public var path: String
    /// The system's error number.
    public var number: Int32
    private var doing: String

    init(_ doing: String, _ path: String) { self.init(path: path, number: errno, doing: doing) }

    init(path: String, number: Int32, doing: String) {
        self.path = path
        self.number = number
        self.doing = doing
    }

    public var isDiskFull: Bool { number == ENOSPC || number == EDQUOT }

    public var description: String { "cannot \(doing) \(path): \(String(cString: strerror(number)))" }
}

// The C library's functions, under names that do not hide behind those of types.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func writeBytes(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
