#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes a file from its beginning to its end. Memory does not grow with it. Blocks for as long as a disk does.
public final class FileWriter {
    private let path: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    /// Bytes so far.
    public private(set) var count = 0

    /// Makes the file, or empties the one that is there. Links are not followed.
    public init(_ path: String, mode: UInt16 = 0o600) throws(FileError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode_t(mode))
        guard descriptor >= 0 else { throw FileError("write", path) }
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

    private func flush() throws(FileError) {
        var done = 0
        while done < buffer.count {
            let written = buffer.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if written >= 0 { done += written } else if errno != EINTR { throw FileError("write", path) }
        }
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
    public init(_ path: String) throws(FileError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("read", path) }
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
