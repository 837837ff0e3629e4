/// Changes bytes in ways that repeat from a seed.
struct Mutator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &self) }
    mutating func one<Element>(of elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Figures at and behind the ends of every type.
    static let figures = [
        "0", "-1", "1e300", "-1e300", "1e999", "1e-300", "NaN", "nan", "inf", "-inf", "0.1", "2147483647", "2147483648",
        "-2147483649", "4294967296", "9007199254740993", "9223372036854775806", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "99999999999999999999999999999999", "0x7fffffffffffffff", "1_000", "00", "+1", "1.",
        ".5", "253402300800000000", "-62135596800000001",
    ]

    /// What readers take for something else.
    static let words = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "true", "\\ud800", "\\u0000", "\u{0}", "\n", "\r\n",
        "\u{1B}[",
        "../", "%00", "%", "*", "$", "-", "+", "'''", "\"\"\"", "#", "=", "9999-12-31T23:59:59.999999Z",
        "0000-01-01T00:00:00Z", "0000-00-00T99:99:99Z", "00000000-0000-0000-0000-000000000000", "\u{202E}", "é",
        "*1000000000\r\n", "$-1\r\n", "*-1\r\n", ":", "[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":",
    ]

    /// One input: a sample with some changes.
    mutating func input(_ samples: [[UInt8]]) -> [UInt8] {
        var bytes = one(of: samples)
        for _ in 0...below(4) { change(&bytes, samples) }
        if bytes.count > 20_000 { bytes.removeSubrange(20_000...) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], _ samples: [[UInt8]]) {
        switch below(10) {
        case 0...4: replaceNumber(&bytes)
        case 5:
            guard !bytes.isEmpty else { return }
            bytes[below(bytes.count)] = UInt8(truncatingIfNeeded: next())
        case 6: bytes.insert(contentsOf: one(of: Self.words).utf8, at: below(bytes.count + 1))
        case 7:
            let start = below(bytes.count + 1)
            bytes.removeSubrange(start..<min(bytes.count, start + below(20)))
        case 8:
            let start = below(bytes.count + 1)
            let piece = bytes[start..<min(bytes.count, start + below(100))]
            let place = below(bytes.count + 1)
            for _ in 0...below(3) { bytes.insert(contentsOf: piece, at: place) }
        default:
            let other = one(of: samples)
            bytes = Array(bytes.prefix(below(bytes.count + 1)) + other.suffix(below(other.count + 1)))
        }
    }

    // Numbers are what most crashes begin with, so they are changed most.
    private mutating func replaceNumber(_ bytes: inout [UInt8]) {
        func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
        let starts = bytes.indices.filter { isDigit(bytes[$0]) && ($0 == 0 || !isDigit(bytes[$0 - 1])) }
        guard !starts.isEmpty else { return bytes.append(contentsOf: one(of: Self.figures).utf8) }
        let start = one(of: starts)
        let end = bytes[start...].firstIndex { !isDigit($0) && $0 != 0x2E } ?? bytes.endIndex
        bytes.replaceSubrange(start..<end, with: one(of: Self.figures).utf8)
    }
}
