import CShims

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes a new file from its beginning to its end. Memory does not grow with it. Blocks for as long as a disk does.
public final class FileWriter {
    private let path: String
    fileprivate private(set) var descriptor: Int32
    private var buffer: [UInt8] = []
    /// Bytes so far.
    public private(set) var count = 0

    /// Makes the file for its owner alone. What has the name is removed and not written: it may be a link, or have other
    /// names.
    public init(_ path: String) throws(FileError) {
        self.path = path
        let place = SafePath(path: path)
        guard let folder = try place.openParent("write") else {
            throw FileError(path: path, number: ENOENT, doing: "write")
        }
        defer { _ = close(folder) }
        unlinkat(folder, place.name, 0)
        descriptor = shim_walk_beneath(folder, place.name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, number: -descriptor, doing: "write") }
        buffer.reserveCapacity(80 * 1024)
    }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    public func append(_ bytes: some Collection<UInt8>) throws(FileError) {
        buffer += bytes
        count += bytes.count
        if buffer.count >= 64 * 1024 { try flush() }
    }

    /// Returns when everything is on the disk; nothing can be added afterwards.
    public func finish() throws(FileError) {
        try flush()
        guard fsync(descriptor) == 0 else { throw FileError("write", path) }
        _ = close(descriptor)
        descriptor = -1
    }

    /// Ends the writing and reads what was written, from its beginning, even if another file has its name by now.
    public func lines() throws(FileError) -> LineFile {
        try flush()
        let copy = shim_fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0, lseek(copy, 0, SEEK_SET) == 0 else { throw FileError("read", path) }
        return LineFile(copy, path)
    }

    private func flush() throws(FileError) {
        let failure = buffer.withUnsafeBytes { bytes -> FileError? in
            do throws(FileError) { try Files.write(bytes, to: descriptor, path) } catch { return error }
            return nil
        }
        if let failure { throw failure }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Reads a file line by line, however long it is.
public final class LineFile {
    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var at = 0
    private var isAtEnd = false

    /// - Throws: `FileError`, also where there is no such file.
    public init(_ path: String, links: Files.Links = .refused) throws(FileError) {
        self.path = path
        guard let opened = try Files.open(path, links: links) else {
            throw FileError(path: path, number: ENOENT, doing: "read")
        }
        descriptor = opened
    }

    /// Reads an open file, which becomes this object's.
    fileprivate init(_ descriptor: Int32, _ path: String) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { _ = close(descriptor) }

    /// The next line without its end, or nil after the last. A last line without an end counts.
    /// - Parameter limit: bytes that a line may have.
    /// - Throws: `FileError` (`EFBIG`) for a longer one.
    public func next(limit: Int = 256 * 1024 * 1024) throws(FileError) -> [UInt8]? {
        var searched = at
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { at = end + 1 }
                return Array(buffer[at..<end])
            }
            searched = buffer.count
            if isAtEnd {
                defer { at = buffer.count }
                return at < buffer.count ? Array(buffer[at...]) : nil
            }
            guard buffer.count - at <= limit else {
                throw FileError(path: path, number: EFBIG, doing: "read a line of")
            }
            searched -= at
            buffer.removeFirst(at)
            at = 0
            try fill()
        }
    }

    private func fill() throws(FileError) {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError("read", path)
            }
            buffer += chunk[..<count]
            isAtEnd = count == 0
            return
        }
    }
}
