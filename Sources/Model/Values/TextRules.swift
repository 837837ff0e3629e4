/// Rules for short texts that enter a town and are shown on one line: tags and keys.
public enum TextRules {
    /// The longest tag, in characters.
    public static let longestTag = 64
    /// Tags that people may give to one task.
    public static let mostTags = 32
    /// The longest idempotency key, in bytes.
    public static let longestKey = 512

    /// What is wrong with the tags of a task, as a sentence that says what is allowed, or nil.
    public static func problem(withTags tags: [String]) -> String? {
        if tags.count > mostTags { return "a task has at most \(mostTags) tags, not \(tags.count)" }
        return tags.lazy.compactMap { tag in problem(withTag: tag).map { "\(shown(tag)) cannot be a tag: \($0)" } }
            .first
    }

    /// What is wrong with a tag, in one clause, or nil.
    public static func problem(withTag tag: String) -> String? {
        if tag.isEmpty { return "it cannot be empty" }
        if tag.count > longestTag || tag.utf8.count > 4 * longestTag {
            return "it has at most \(longestTag) characters"
        }
        guard let bad = tag.unicodeScalars.first(where: { !isOfName($0) && !"-_.:/+@#".unicodeScalars.contains($0) })
        else { return nil }
        return "\(shown(String(bad))) is not allowed; use letters, digits and - _ . : / + @ #"
    }

    /// What is wrong with an idempotency key, as a sentence, or nil.
    public static func problem(withKey key: String) -> String? {
        if key.isEmpty || key.utf8.count > longestKey { return "a key has from 1 to \(longestKey) bytes" }
        guard let bad = key.unicodeScalars.first(where: { !isShown($0) }) else { return nil }
        return "a key cannot hold \(shown(String(bad))); use characters that can be seen, and spaces"
    }

    /// A letter, a mark of a script, or a digit, which can be seen.
    static func isOfName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .nonspacingMark, .spacingMark:
            !scalar.properties.isDefaultIgnorableCodePoint
        default: false
        }
    }

    /// Whether a character on a line can be seen.
    public static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: !scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    /// The text in quotes for an error: what cannot be seen is written as an escape.
    public static func shown(_ text: String) -> String {
        let cut = text.unicodeScalars.prefix(longestTag)
        let escaped = cut.map { isShown($0) ? String($0) : "\\u{\(String($0.value, radix: 16, uppercase: true))}" }
        return "'" + escaped.joined() + (cut.count < text.unicodeScalars.count ? "…'" : "'")
    }
}
