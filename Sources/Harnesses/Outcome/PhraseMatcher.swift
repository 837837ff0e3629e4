/// Finds phrases in a text without regard to ASCII letter case.
///
/// Enough for the handful of patterns that tell failures apart, and a hundred times cheaper to load than a regular
/// expression engine.
struct PhraseMatcher: Sendable {
    /// One thing to look for.
    enum Pattern: Sendable, Equatable {
        /// These characters anywhere. Lower case.
        case phrase(String)
        /// The same, not within a longer run of letters, digits or underscores.
        case word(String)
        /// The first, and then the second at most `within` bytes after it, on the same line.
        case near(String, String, within: Int)
    }

    private let original: [UInt8]
    private let bytes: [UInt8]

    init(_ text: some StringProtocol) {
        original = Array(text.utf8)
        bytes = original.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
    }

    func contains(_ pattern: Pattern) -> Bool {
        switch pattern {
        case .phrase(let text): return find(text, from: 0) != nil
        case .word(let text):
            var start = 0
            while let range = find(text, from: start) {
                let before = range.lowerBound == 0 ? nil : bytes[range.lowerBound - 1]
                let after = range.upperBound == bytes.count ? nil : bytes[range.upperBound]
                if !Self.isWord(before), !Self.isWord(after) { return true }
                start = range.lowerBound + 1
            }
            return false
        case .near(let first, let second, let within):
            var start = 0
            while let range = find(first, from: start) {
                let end = min(bytes.count, range.upperBound + within + second.utf8.count)
                if let other = find(second, from: range.upperBound, to: end),
                    !bytes[range.upperBound..<other.lowerBound].contains(UInt8(ascii: "\n"))
                {
                    return true
                }
                start = range.lowerBound + 1
            }
            return false
        }
    }

    func containsAny(_ patterns: [Pattern]) -> Bool { patterns.contains { contains($0) } }

    /// The text that follows the first `phrase`, in lower case; nil where it does not occur.
    func text(after phrase: String) -> String? {
        find(phrase, from: 0).map { String(decoding: bytes[$0.upperBound...], as: UTF8.self) }
    }

    /// The text that follows the first `phrase`, as it was written; nil where it does not occur.
    func original(after phrase: String) -> String? {
        find(phrase, from: 0).map { String(decoding: original[$0.upperBound...], as: UTF8.self) }
    }

    private func find(_ text: String, from start: Int, to end: Int? = nil) -> Range<Int>? {
        let wanted = Array(text.utf8)
        let last = (end ?? bytes.count) - wanted.count
        guard let first = wanted.first, start <= last else { return nil }
        var index = start
        while index <= last {
            if bytes[index] == first, bytes[index..<(index + wanted.count)].elementsEqual(wanted) {
                return index..<(index + wanted.count)
            }
            index += 1
        }
        return nil
    }

    private static func isWord(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return (48...57).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
    }
}
