#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads a log that grows and is now and then put aside as `NAME.1`, `NAME.2`, …, so that lines are neither lost nor
/// repeated at the seam.
public final class LogReader {
    private let file: SafePath
    private var descriptor: Int32 = -1
    private var offset: Int64 = 0

    public init(_ file: SafePath) { self.file = file }

    deinit { if descriptor >= 0 { _ = close(descriptor) } }

    /// The last `count` lines, those of files put aside included. Later calls of `more` continue behind them.
    public func tail(_ count: Int) -> [UInt8] {
        reopen()
        var bytes: [UInt8] = []
        if descriptor >= 0 {
            let end = lseek(descriptor, 0, SEEK_END)
            offset = Int64(end)
            bytes = Self.lastLines(count, of: descriptor, end: Int64(end))
        }
        var number = 1
        while true {
            let missing = count - Self.lines(bytes)
            guard missing > 0 else { return bytes }
            guard let older = (try? put(aside: number).open(.read)) ?? nil else { return bytes }
            bytes = Self.lastLines(missing, of: older, end: Int64(lseek(older, 0, SEEK_END))) + bytes
            _ = close(older)
            number += 1
        }
    }

    /// What was added since the last call, over a change of files.
    public func more() -> [UInt8] {
        var bytes: [UInt8] = []
        if descriptor >= 0 {
            var now = stat()
            if fstat(descriptor, &now) == 0, Int64(now.st_size) < offset { offset = 0 }  // cut off and begun anew
            bytes += rest()
        }
        if isReplaced {
            reopen()
            offset = 0
            bytes += rest()
        }
        return bytes
    }

    /// True where there is such a log, or was one.
    public var exists: Bool { file.exists || put(aside: 1).exists }

    /// - Throws: `FileError` where the log is a link, a pipe or another user's file.
    public func check() throws(FileError) { try file.check(siblings: [file.name, put(aside: 1).name]) }

    private func put(aside number: Int) -> SafePath { file.sibling("\(file.name).\(number)") }

    private var isReplaced: Bool {
        if descriptor < 0 { return file.exists }
        return file.isFile(of: descriptor) == false
    }

    private func reopen() {
        if descriptor >= 0 { _ = close(descriptor) }
        descriptor = ((try? file.open(.read)) ?? nil) ?? -1
    }

    private func rest() -> [UInt8] {
        guard descriptor >= 0 else { return [] }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(offset))
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            offset += Int64(count)
        }
    }

    private static func lines(_ bytes: [UInt8]) -> Int {
        let breaks = bytes.count { $0 == 10 }
        return bytes.last.map { $0 == 10 ? breaks : breaks + 1 } ?? 0
    }

    /// How far back to read: a log may be longer than memory, and have no lines.
    private static func limit(_ breaks: Int) -> Int64 { min(64 << 20, 1 << 20 + Int64(clamping: breaks) << 16) }

    // From the end backwards in steps, because a log may be long and its end is all that is wanted.
    private static func lastLines(_ count: Int, of descriptor: Int32, end: Int64) -> [UInt8] {
        guard count > 0 else { return [] }
        var chunks: [[UInt8]] = []
        var start = end
        var breaks = 0
        while start > 0, end - start < limit(breaks), breaks <= count {
            let size = min(65_536, start)
            start -= size
            var chunk = [UInt8](repeating: 0, count: Int(size))
            let read = pread(descriptor, &chunk, Int(size), off_t(start))
            guard read == Int(size) else { break }
            breaks += chunk.count { $0 == 10 }
            chunks.append(chunk)
        }
        let bytes = chunks.reversed().flatMap(\.self)
        var excess = lines(bytes) - count
        guard excess > 0 else { return bytes }
        guard
            let cut = bytes.firstIndex(where: { byte in
                if byte == 10 { excess -= 1 }
                return excess == 0
            })
        else { return bytes }
        return Array(bytes[(cut + 1)...])
    }
}
