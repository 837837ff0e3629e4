import Configuration
import Files
import Model

/// The last lines of a log and then what is added to it, over every change of files. It can be opened before there is a
/// log.
public struct FollowLog: Feed {
    public static let spec = FeedSpec(
        "agent.follow_log", "Follow an agent's log", .read, route: .get("/v1/agents/{agent}/log/stream"))

    public typealias Input = ReadLog.Input

    /// What was added.
    public struct Item: Codable, Sendable, Equatable {
        /// Whole characters; not always whole lines.
        public var text: String
    }

    public static func open(_ input: Input, in town: OpenTown) async throws -> AsyncThrowingStream<Item, any Error> {
        try open(try await TownLog(of: input.agent, in: town).file, lines: input.lines)
    }

    /// The host's log. The store is not needed for it, because it may be what is wrong.
    public static func host(root: String, lines: Int? = nil) throws -> AsyncThrowingStream<Item, any Error> {
        try open(TownFiles(root: root).hostLog, lines: lines)
    }

    static func open(_ file: SafePath, lines: Int?) throws -> AsyncThrowingStream<Item, any Error> {
        let cursor = try Cursor(file, lines: lines ?? TownLog.standardLines)
        return AsyncThrowingStream { await cursor.next().map { Item(text: $0) } }
    }

    private actor Cursor {
        private let reader: LogReader
        private let bell: FileBell
        private var rings: AsyncStream<Void>.Iterator
        private var pending: [UInt8]

        /// Watches first, so that nothing falls between the first reading and the first wait.
        init(_ file: SafePath, lines: Int) throws(FileError) {
            bell = try FileBell(folder: Files.parent(of: file.path), file: file.name)
            rings = bell.rings.makeAsyncIterator()
            let reader = LogReader(file)
            try reader.check()
            pending = reader.tail(lines)
            self.reader = reader
        }

        func next() async -> String? {
            while true {
                pending += reader.more()
                let whole = FollowLog.wholeCharacters(in: pending)
                if whole > 0 {
                    defer { pending.removeFirst(whole) }
                    return String(decoding: pending[..<whole], as: UTF8.self)
                }
                var rings = rings
                let rang: Void? = await rings.next(isolation: self)
                self.rings = rings
                guard rang != nil else { return nil }
            }
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
