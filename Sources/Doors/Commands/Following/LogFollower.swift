import Files
import Operations
import Terminal
import Towns

/// Shows the end of a log and then what is added to it.
struct LogFollower {
    private let file: SafePath
    private let bell: FileBell

    /// Watches first, so that nothing falls between the first reading and the first wait.
    init(_ file: SafePath) throws(OperationError) {
        self.file = file
        bell = try FileBell(folder: Files.parent(of: file.path), file: file.name)
    }

    /// Gives text to `show` until it returns false or the task is cancelled. Only whole characters are given.
    func run(lines: Int, _ show: (String) async throws -> Bool) async throws {
        let reader = LogReader(file)
        try reader.check()
        var pending = reader.tail(lines)
        var rings = bell.rings.makeAsyncIterator()
        while true {
            pending += reader.more()
            let whole = Self.wholeCharacters(in: pending)
            if whole > 0 {
                let text = String(decoding: pending[..<whole], as: UTF8.self)
                pending.removeFirst(whole)
                guard try await show(TerminalText.sanitized(text)) else { return }
            }
            guard await rings.next() != nil else { return }
        }
    }

    /// How many bytes there are before a character whose end has not been written yet.
    static func wholeCharacters(in bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }
}
