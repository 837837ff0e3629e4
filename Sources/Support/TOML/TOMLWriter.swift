import Text

/// Writes TOML values as text.
public enum TOMLWriter {
    /// A value on one line: what stands after `key = `.
    public static func inline(_ value: TOMLValue) -> String {
        switch value {
        case .string(let text): return quoted(text)
        case .integer(let number): return String(number)
        case .double(let number):
            if number.isNaN { return "nan" }
            if number.isInfinite { return number < 0 ? "-inf" : "inf" }
            let text = String(number)
            return text.contains(".") || text.contains("e") ? text : text + ".0"
        case .bool(let truth): return truth ? "true" : "false"
        case .time(let text): return text
        case .array(let nodes): return "[" + nodes.map { inline($0.value) }.joined(separator: ", ") + "]"
        case .table(let table):
            if table.entries.isEmpty { return "{}" }
            return "{ " + table.entries.map { "\(key($0.key)) = \(inline($0.node.value))" }.joined(separator: ", ")
                + " }"
        }
    }

    /// The same where a value may have several lines: a text of several lines stays one.
    /// - Parameter newline: the line break of the file.
    static func block(_ value: TOMLValue, _ newline: String) -> String {
        guard case .string(let text) = value, text.contains("\n"), newline == "\n", !text.contains("\r") else {
            return inline(value)
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { quoted(String($0)) }
        return "\"\"\"\n" + lines.map { String($0.dropFirst().dropLast()) }.joined(separator: "\n") + "\"\"\""
    }

    /// A key, quoted where it must be.
    public static func key(_ text: String) -> String {
        let isBare =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte == 45
                    || byte == 95
            }
        return isBare ? text : quoted(text)
    }

    /// A basic string with everything escaped that has to be, and whatever would be invisible.
    public static func quoted(_ text: String) -> String {
        JSON.quoted(text) { scalar in
            if scalar.value == 127 { return "\\u007F" }
            return VisibleText.isHidden(scalar) ? "\\U" + JSON.hexadecimal(scalar.value, digits: 8) : nil
        }
    }
}
