/// Cuts a stream of bytes into lines at the byte 0x0A, and at nothing else.
///
/// Lines come without that byte and are not decoded: they may hold any bytes, a carriage return and other line
/// separators of Unicode included. A line longer than the limit is left out and counted.
public struct LineFramer: Sendable {
    /// The default limit: 16 MiB.
    public static let defaultLimit = 16 << 20

    /// How many lines were longer than the limit.
    public private(set) var skippedLines = 0

    private let limit: Int
    private var partial: [UInt8] = []
    private var isSkipping = false

    /// - Parameter limit: the length in bytes, without the line feed, up to which a line is kept.
    public init(limit: Int = LineFramer.defaultLimit) {
        precondition(limit > 0, "a line needs room")
        self.limit = limit
    }

    /// Takes the next bytes and returns the lines that they complete, in order.
    public mutating func append(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            take(rest[..<end])
            if isSkipping { isSkipping = false } else { lines.append(partial) }
            partial = []
            rest = rest[(end + 1)...]
        }
        take(rest)
        return lines
    }

    /// The last line when the stream ended without a line feed, else nil. The framer is empty afterwards.
    public mutating func finish() -> [UInt8]? {
        defer {
            partial = []
            isSkipping = false
        }
        return partial.isEmpty ? nil : partial
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        guard !isSkipping else { return }
        guard partial.count + bytes.count <= limit else {
            isSkipping = true
            skippedLines += 1
            partial = []
            return
        }
        partial.append(contentsOf: bytes)
    }
}
