/// Finds values that are known, in each form in which they turn up.
struct KnownValues: SecretFinder {
    private struct Pattern {
        var bytes: [UInt8]
        var mask: String
    }

    /// More would make each look longer; a process has a few.
    private static let mostPatterns = 10_000
    private static let mostLines = 200
    private static let longestLine = 4096

    private(set) var beginnings = Beginnings()
    private var patterns: [Int: [Pattern]] = [:]

    init(_ secrets: some Sequence<Secret>) {
        var seen: Set<[UInt8]> = []
        for secret in secrets {
            let mask = Redactor.mask(Self.name(secret.name))
            for form in Self.forms(of: secret.value) where form.count >= Secret.shortest {
                // A value that is a part of what stands in its place would be masked again and again.
                guard seen.count < Self.mostPatterns, !Self.contains(Array(mask.utf8), form),
                    seen.insert(form).inserted
                else { continue }
                beginnings.insert(form[0], form[1], form[2])
                patterns[Int(form[0]) << 8 | Int(form[1]), default: []].append(Pattern(bytes: form, mask: mask))
            }
        }
        for key in patterns.keys { patterns[key]?.sort { $0.bytes.count > $1.bytes.count } }
    }

    func mayBegin(in bytes: UnsafeBufferPointer<UInt8>) -> Bool { beginnings.any(in: bytes) }

    func look(at index: Int, in bytes: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Finding {
        var mask: String?
        var end = index
        var next = index
        // A value may begin within another and go on after it.
        while next == index || next < end {
            defer { next += 1 }
            guard next + 1 < bytes.count else {
                if !isLast, next < bytes.count, beginnings.contains(bytes[next]) { return .undecided }
                break
            }
            guard beginnings.contains(bytes[next], bytes[next + 1]) else { continue }
            for pattern in patterns[Int(bytes[next]) << 8 | Int(bytes[next + 1])] ?? []
            where next + pattern.bytes.count > end {
                switch Self.compare(pattern.bytes, with: bytes, at: next) {
                case .equal:
                    mask = mask ?? pattern.mask
                    end = next + pattern.bytes.count
                case .cutOff: if !isLast { return .undecided }
                case .different: break
                }
            }
            if mask == nil { break }
        }
        return mask.map { .secret(index..<end, mask: $0, rest: nil) } ?? .nothing
    }

    private enum Comparison { case equal, different, cutOff }

    private static func compare(
        _ pattern: [UInt8], with bytes: UnsafeBufferPointer<UInt8>, at start: Int
    ) -> Comparison {
        let count = min(pattern.count, bytes.count - start)
        for offset in 0..<count where pattern[offset] != bytes[start + offset] { return .different }
        return count == pattern.count ? .equal : .cutOff
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        guard part.count <= bytes.count else { return false }
        return (0...bytes.count - part.count).contains { bytes[$0..<$0 + part.count].elementsEqual(part) }
    }

    // What a variable's name may hold, so that a mask breaks nothing that it stands in.
    private static func name(_ name: String) -> String {
        let kept = name.unicodeScalars.prefix(48).filter {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_")
        }
        return kept.isEmpty ? "value" : String(String.UnicodeScalarView(kept))
    }

    // MARK: Forms

    private static func forms(of value: String) -> [[UInt8]] {
        let whole = trimmed(Array(value.utf8)[...])
        // A value of several lines is found line by line: one line of it may be shown.
        let lines = whole.split(separator: UInt8(ascii: "\n")).prefix(mostLines).map(trimmed)
            .filter { $0.count >= Secret.shortest && !$0.starts(with: Array("-----".utf8)) }
        var forms: [[UInt8]] = []
        for line in lines.map({ Array($0.prefix(longestLine)) }) {
            let json = escapedInJSON(line)
            forms += [line, json, escapedSlashes(json)]
            forms += [percentEncoded(line, "0123456789ABCDEF"), percentEncoded(line, "0123456789abcdef")]
            forms += [hexadecimal(line, "0123456789abcdef"), hexadecimal(line, "0123456789ABCDEF")]
            forms += base64(line)
        }
        if lines.count > 1 { forms += base64(Array(whole.prefix(longestLine))) }
        return forms
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let last = bytes.last, last <= 32 { bytes.removeLast() }
        while let first = bytes.first, first <= 32 { bytes.removeFirst() }
        return bytes
    }

    private static func escapedInJSON(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
            case 9: Array("\\t".utf8)
            case 13: Array("\\r".utf8)
            default: [byte]
            }
        }
    }

    private static func escapedSlashes(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { $0 == UInt8(ascii: "/") ? Array("\\/".utf8) : [$0] }
    }

    private static func percentEncoded(_ bytes: [UInt8], _ digits: String) -> [UInt8] {
        let digits = Array(digits.utf8)
        let plain = ByteSet("-._~", lettersAndDigits: true)
        return bytes.flatMap { byte -> [UInt8] in
            plain.contains(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    private static func hexadecimal(_ bytes: [UInt8], _ digits: String) -> [UInt8] {
        let digits = Array(digits.utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    // Where a value begins within what is encoded decides about its letters: three ways, each without the letters that
    // depend on what stands around it.
    private static func base64(_ bytes: [UInt8]) -> [[UInt8]] {
        ["+/", "-_"].flatMap { special -> [[UInt8]] in
            let letters = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + special).utf8)
            return (0..<3).map { offset in
                let padded = [UInt8](repeating: 0, count: offset) + bytes
                var encoded: [UInt8] = []
                for index in 0..<padded.count * 8 / 6 {
                    let bit = index * 6
                    let word =
                        UInt16(padded[bit / 8]) << 8 | (bit / 8 + 1 < padded.count ? UInt16(padded[bit / 8 + 1]) : 0)
                    encoded.append(letters[Int(word >> UInt16(10 - bit % 8)) & 63])
                }
                return Array(encoded.dropFirst(offset == 0 ? 0 : offset + 1))
            }
        }
    }
}
