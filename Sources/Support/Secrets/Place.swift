/// A place in a text at which a secret may begin.
struct Place {
    enum Answer { case yes, no, undecided }

    let bytes: UnsafeBufferPointer<UInt8>
    let index: Int
    let isLast: Bool

    /// Whether a word begins here: nothing that belongs to one stands before, save for the end of an escape such as
    /// `\n`, `%3D`, or the sequence that sets a colour.
    var isStart: Bool {
        guard index > 0, Self.isAlphanumeric(bytes[index - 1]) else { return true }
        let before = bytes[index - 1]
        func at(_ distance: Int) -> UInt8 { index >= distance ? bytes[index - distance] : 0 }
        if at(2) == UInt8(ascii: "\\"), "nrtbf".utf8.contains(before) { return true }
        if at(3) == UInt8(ascii: "%"), Self.isHexadecimal(before), Self.isHexadecimal(at(2)) { return true }
        if at(6) == UInt8(ascii: "\\"), at(5) == UInt8(ascii: "u") { return true }
        guard before == UInt8(ascii: "m") else { return false }
        var start = index - 1
        while start > 0, index - start < 12, Self.isDigit(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: ";") {
            start -= 1
        }
        return start > 0 && bytes[start - 1] == UInt8(ascii: "[")
    }

    /// Whether exactly these bytes stand here.
    func has(_ text: [UInt8]) -> Answer { compare(text) { $0 } }

    /// Whether this word stands here, in whatever case. `text` is in lower case.
    func hasWord(_ text: [UInt8]) -> Answer { compare(text, Self.lowercased) }

    private func compare(_ text: [UInt8], _ form: (UInt8) -> UInt8) -> Answer {
        let count = min(text.count, bytes.count - index)
        for offset in 0..<count where form(bytes[index + offset]) != text[offset] { return .no }
        return count == text.count ? .yes : isLast ? .no : .undecided
    }

    /// The bytes of `set` from `start` on, up to `limit` of them.
    func run(of set: ByteSet, from start: Int, limit: Int) -> Range<Int> {
        var end = min(start, bytes.count)
        let stop = min(bytes.count, start + limit)
        while end < stop, set.contains(bytes[end]) { end += 1 }
        return min(start, end)..<end
    }

    /// Whether the run ended because the bytes did.
    func mayGoOn(_ run: Range<Int>, limit: Int) -> Bool {
        !isLast && run.upperBound == bytes.count && run.count < limit
    }

    func hasDigit(_ run: Range<Int>) -> Bool { run.contains { Self.isDigit(bytes[$0]) } }
    func hasLetter(_ run: Range<Int>) -> Bool { run.contains { Self.isLetter(bytes[$0]) } }

    /// Whether this word, in lower case, ends in the few bytes before this place.
    func isAfter(_ word: String) -> Bool {
        let word = Array(word.utf8)
        let start = max(0, index - word.count - 8)
        guard index - start >= word.count else { return false }
        return (start...index - word.count).contains { from in
            word.indices.allSatisfy { Self.lowercased(bytes[from + $0]) == word[$0] }
        }
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte + 32 : byte
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    static func isLetter(_ byte: UInt8) -> Bool {
        let byte = lowercased(byte)
        return byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
    }
    static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
    static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (lowercased(byte) >= UInt8(ascii: "a") && lowercased(byte) <= UInt8(ascii: "f"))
    }
}
