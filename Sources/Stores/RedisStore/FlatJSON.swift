/// A JSON object of texts, as the scripts write records. Much quicker than decoding any JSON, and a lease has several.
enum FlatJSON {
    /// Its members; numbers, flags and null as they are written. Nil if it is not such an object. Invalid UTF-8
    /// is replaced.
    static func fields(_ bytes: [UInt8]) -> Fields? { read(bytes, others: nil) }

    /// Like `fields(_:)`, but strict, for untrusted input: nil also if a member outside `others` is not a string, or if any
    /// byte is invalid UTF-8. Members that are null are left out.
    static func fields(_ bytes: [UInt8], exceptFor others: Set<String>) -> Fields? { read(bytes, others: others) }

    private static func read(_ bytes: [UInt8], others: Set<String>?) -> Fields? {
        bytes.withUnsafeBufferPointer { bytes in
            var reader = Reader(bytes: bytes, others: others)
            return reader.object()
        }
    }

    private struct Reader {
        let bytes: UnsafeBufferPointer<UInt8>
        /// Which members may be no texts; nil where nothing is checked.
        let others: Set<String>?
        var at = 0

        private mutating func skipSpace() {
            while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
            at += 1
            return true
        }

        mutating func object() -> Fields? {
            var fields: Fields = [:]
            skipSpace()
            guard take("{") else { return nil }
            skipSpace()
            if take("}") { return isAtEnd ? fields : nil }
            while true {
                skipSpace()
                guard let name = text() else { return nil }
                skipSpace()
                guard take(":") else { return nil }
                skipSpace()
                if at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
                    guard let value = text() else { return nil }
                    fields[name] = value
                } else {
                    guard others?.contains(name) != false, let value = word() else { return nil }
                    if others == nil || value != "null" { fields[name] = value }
                }
                skipSpace()
                if take("}") { return isAtEnd ? fields : nil }
                guard take(",") else { return nil }
            }
        }

        /// Whether nothing follows; what the scripts write is not looked at so closely.
        private var isAtEnd: Bool {
            others == nil || bytes[at...].allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        }

        private func string(_ bytes: some Collection<UInt8>) -> String? {
            others == nil ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
        }

        /// A number or a word.
        private mutating func word() -> String? {
            let start = at
            while at < bytes.count, ![UInt8(ascii: ","), UInt8(ascii: "}"), 0x20, 0x0A].contains(bytes[at]) {
                // No record has another inside.
                if bytes[at] == UInt8(ascii: "{") || bytes[at] == UInt8(ascii: "[") { return nil }
                at += 1
            }
            return at > start ? String(decoding: bytes[start..<at], as: UTF8.self) : nil
        }

        private mutating func text() -> String? {
            guard take("\"") else { return nil }
            let start = at
            while at < bytes.count {
                switch bytes[at] {
                case UInt8(ascii: "\""):
                    at += 1
                    return string(bytes[start..<(at - 1)])
                case UInt8(ascii: "\\"): return escaped(from: start)
                case 0..<0x20 where others != nil: return nil
                default: at += 1
                }
            }
            return nil
        }

        /// The rest of a text in which something is escaped.
        private mutating func escaped(from start: Int) -> String? {
            var out = Array(bytes[start..<at])
            while at < bytes.count {
                let byte = bytes[at]
                at += 1
                if byte == UInt8(ascii: "\"") { return string(out) }
                guard byte == UInt8(ascii: "\\") else {
                    if byte < 0x20, others != nil { return nil }
                    out.append(byte)
                    continue
                }
                guard at < bytes.count else { return nil }
                let kind = bytes[at]
                at += 1
                switch kind {
                case UInt8(ascii: "n"): out.append(0x0A)
                case UInt8(ascii: "r"): out.append(0x0D)
                case UInt8(ascii: "t"): out.append(0x09)
                case UInt8(ascii: "b"): out.append(0x08)
                case UInt8(ascii: "f"): out.append(0x0C)
                case UInt8(ascii: "u"):
                    guard let scalar = scalar() else { return nil }
                    out.append(contentsOf: Array(String(scalar).utf8))
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(kind)
                default: return nil
                }
            }
            return nil
        }

        private mutating func scalar() -> Unicode.Scalar? {
            guard let high = hex() else { return nil }
            if let scalar = Unicode.Scalar(high) { return scalar }
            guard high < 0xDC00, take("\\"), take("u"), let low = hex(), (0xDC00..<0xE000).contains(low) else {
                return nil
            }
            return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
        }

        private mutating func hex() -> UInt32? {
            guard at + 4 <= bytes.count else { return nil }
            defer { at += 4 }
            return UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16)
        }
    }
}
