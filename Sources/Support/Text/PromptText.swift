/// Words of others in a prompt: what an agent, a person or a program wrote must not be mistaken for the town's own words.
///
/// A name that is only a name stands as it is, a short text is quoted on one line, and a long one is fenced.
public enum PromptText {
    /// The longest quotation, in characters.
    public static let longestQuotation = 400

    /// `"the text"`, on one line, cut where it is long. Quotes and backslashes inside are escaped.
    public static func quoted(_ text: String, limit: Int = longestQuotation) -> String {
        let line = VisibleText.line(text)
        var quoted = "\""
        for character in line.prefix(limit) {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        if line.dropFirst(limit).first != nil { quoted.append("…") }
        return quoted + "\""
    }

    /// The text as it is where it is one short word of letters, digits and `-_.+:/@#`; else quoted.
    public static func name(_ text: String) -> String { isName(text) ? text : quoted(text, limit: 100) }

    /// Whether the text can be nothing but a name.
    public static func isName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 256 else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
                !scalar.properties.isDefaultIgnorableCodePoint
            case .nonspacingMark, .spacingMark: !VisibleText.hidesSomething(text)
            default: "-_.+:/@#".unicodeScalars.contains(scalar)
            }
        }
    }

    /// The text between two lines that it cannot close: they are longer than any run of backticks in it.
    public static func fenced(_ text: String) -> [String] {
        let text = VisibleText.lines(text)
        var longest = 0
        var run = 0
        for byte in text.utf8 {
            run = byte == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        let ticks = String(repeating: "`", count: max(3, longest + 1))
        return [ticks + "text", text, ticks]
    }
}
