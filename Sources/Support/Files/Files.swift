import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small files and folders, with the modes and the atomicity that a town's files need. Blocks; meant for short work.
public enum Files {
    /// How much of a file is read at once. A longer file is an error, not a process without memory.
    public enum Limit {
        /// Ids, tokens and the texts of locks.
        public static let short = 4096
        /// Configurations, which people write.
        public static let configuration = 1 << 20
        public static let standard = 16 << 20
    }

    /// What happens where the last part of a path is a link.
    public enum Links: Sendable {
        case refused
        /// For the user's own files, which dotfile managers link: the link is followed if what it leads to belongs to
        /// this user, to root or to the owner of the folder that the path names.
        case followed
    }

    /// The whole text of a file, bytes that are not UTF-8 replaced; nil where there is no such file.
    public static func text(
        _ path: String, limit: Int = Limit.standard, links: Links = .refused
    ) throws(FileError) -> String? {
        guard let bytes = try bytes(path, limit: limit, links: links) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The whole content of a file; nil where there is none. A pipe or a device is an error and never waited for.
    /// - Throws: `FileError` with `larger` for one of more than `limit` bytes.
    public static func bytes(
        _ path: String, limit: Int = Limit.standard, links: Links = .refused
    ) throws(FileError) -> [UInt8]? {
        guard let descriptor = try open(path, links: links) else { return nil }
        defer { _ = close(descriptor) }
        return try content(of: descriptor, path: path, limit: limit)
    }

    /// Opens a file for reading; the caller closes it.
    static func open(_ path: String, links: Links) throws(FileError) -> Int32? {
        guard links == .followed else { return try SafePath(path: path).open(.read) }
        let descriptor = openFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SafePath(path: path).followedError(errno)
        }
        let folder = shim_open_root(parent(of: path))
        defer { if folder >= 0 { _ = close(folder) } }
        if let refusal = SafePath.refusal(of: descriptor, in: folder, allowsNames: true) {
            _ = close(descriptor)
            throw FileError(refusal, path)
        }
        shim_let_wait(descriptor)
        return descriptor
    }

    static func content(of descriptor: Int32, path: String, limit: Int) throws(FileError) -> [UInt8] {
        var status = stat()
        if fstat(descriptor, &status) == 0, Int64(status.st_size) > Int64(limit) {
            throw FileError(.larger(than: limit), path)
        }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes { readBytes(descriptor, $0.baseAddress!, $0.count) }
            if count == 0 { return content }
            if count > 0 { content += chunk[..<count] } else if errno != EINTR { throw FileError("read", path) }
            // It may grow while it is read, and files of the kernel do not tell their length.
            if content.count > limit { throw FileError(.larger(than: limit), path) }
        }
    }

    /// Writes a file so that after a crash it has either its old content or its new content, whole.
    public static func write(
        _ text: String, to path: String, mode: UInt16 = 0o600, links: Links = .refused
    ) throws(FileError) {
        guard links == .followed, let target = try? canonical(path), target != path else {
            return try SafePath(path: path).write(text, mode: mode)
        }
        // A file of another user is never written, whatever its mode permits.
        var status = stat()
        guard stat(target, &status) == 0 else { throw FileError("write", path) }
        guard status.st_uid == geteuid() else { throw FileError(.owner(status.st_uid), target) }
        try SafePath(path: target).write(text, mode: mode)
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = writeBytes(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count >= 0 { done += count } else if errno != EINTR { throw FileError("write", path) }
        }
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
        guard let text = String(validatingCString: resolved) else { throw FileError(.name, String(cString: resolved)) }
        return text
    }

    /// The working directory.
    public static func currentFolder() throws(FileError) -> String {
        guard let path = getcwd(nil, 0) else { throw FileError("find", ".") }
        defer { free(path) }
        // A repaired name would be that of another folder.
        guard let text = String(validatingCString: path) else { throw FileError(.name, String(cString: path)) }
        return text
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
        return names(of: handle).sorted()
    }

    /// Removes a file, or a folder with all that is in it; links are removed, never followed.
    public static func remove(_ path: String) { SafePath(path: path).remove() }

    /// Gives a file another name.
    public static func move(_ path: String, to new: String) throws(FileError) {
        guard rename(path, new) == 0 else { throw FileError("rename", path) }
    }

    /// Runs `body` while no other process runs one under the same lock file. Waits for its turn.
    public static func locked<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        try SafePath(path: path).locked(body)
    }
}

#if canImport(Darwin)
    typealias FolderListing = UnsafeMutablePointer<DIR>
#else
    typealias FolderListing = OpaquePointer
#endif

extension Files {
    static func names(of listing: FolderListing) -> [String] {
        rawNames(of: listing).map { String(decoding: $0.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self) }
    }

    /// As the system has them, with the zero at their end: a name need not be text.
    static func rawNames(of listing: FolderListing) -> [[CChar]] {
        var names: [[CChar]] = []
        let dot = CChar(UInt8(ascii: "."))
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
                }
            }
            if name != [dot, 0], name != [dot, dot, 0] { names.append(name) }
        }
        return names
    }
}

extension SafePath {
    /// The error for a path whose links may be followed, where the system did not open it.
    fileprivate func followedError(_ number: Int32) -> FileError {
        var status = stat()
        if [ENXIO, ENODEV, EISDIR, EOPNOTSUPP].contains(number), stat(path, &status) == 0,
            status.st_mode & S_IFMT != S_IFREG
        {
            return FileError(Self.kind(status), path)
        }
        return FileError(path: path, number: number, doing: "read")
    }
}

// The C library's functions, under names that do not hide behind those of types.
private func openFile(_ path: String, _ flags: Int32) -> Int32 {
    while true {
        let descriptor = open(path, flags)
        if descriptor >= 0 || errno != EINTR { return descriptor }
    }
}

func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func writeBytes(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
