import FoundationEssentials

extension JSON {
    /// A value as JSON on one line, with sorted keys and bare slashes: equal values give equal bytes.
    public static func encoded(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// The same as a text that terminals and reviews may show: nothing in it is invisible.
    public static func line(_ value: some Encodable) throws -> String {
        JSONEscapes.escaped(String(decoding: try encoded(value), as: UTF8.self))
    }

    /// A text in quotes, with everything escaped that has to be.
    public static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        return isPlain ? "\"\(text)\"" : quoted(text) { _ in nil }
    }

    /// A list of texts.
    public static func quoted(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ",") + "]" }

    /// A text in quotes for a format that escapes more; TOML is one.
    /// - Parameter escape: what stands for a character that JSON leaves as it is; nil: the character itself.
    public static func quoted(_ text: String, _ escape: (Unicode.Scalar) -> String?) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{8}": quoted += "\\b"
            case "\u{C}": quoted += "\\f"
            case _ where scalar.value < 0x20: quoted += "\\u" + hexadecimal(scalar.value, digits: 4)
            default: if let text = escape(scalar) { quoted += text } else { quoted.unicodeScalars.append(scalar) }
            }
        }
        return quoted + "\""
    }

    /// A number in hexadecimal digits, with zeros in front.
    public static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
