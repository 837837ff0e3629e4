import FoundationEssentials

/// JSON as commands print it: one value on one line, keys sorted, so that equal states print equally.
public enum JSONText {
    public static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
