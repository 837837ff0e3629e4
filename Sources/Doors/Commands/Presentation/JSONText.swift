import Text

/// JSON as commands print it: one value on one line, keys sorted, so that equal states print equally. Characters that show
/// nothing of themselves are escaped, because a terminal may show it.
public enum JSONText {
    public static func line(_ value: some Encodable) throws -> String { try JSON.line(value) }
}
