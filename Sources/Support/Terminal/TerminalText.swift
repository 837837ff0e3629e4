import Text

/// Text as a terminal shows it.
public enum TerminalText {
    /// Without what could move the cursor, change colours, hide text or turn its direction; new lines and tabs stay.
    /// Everything that agents and people wrote passes through here on its way to a screen.
    public static func sanitized(_ text: String) -> String { VisibleText.lines(text) }

    /// The same on one line, for tables and one-line messages.
    public static func line(_ text: String) -> String { VisibleText.line(text) }

    /// Columns that the text takes.
    public static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    /// At most `columns` wide; where something is cut, `…` says so.
    public static func truncated(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        var result = ""
        var used = 1
        for character in text {
            let next = width(character)
            if used + next > columns { break }
            result.append(character)
            used += next
        }
        return columns > 0 ? result + "…" : ""
    }

    private static func width(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.value < 0x300 { return first.value < 32 ? 0 : 1 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        // A variation selector that asks for the coloured form makes a narrow symbol wide.
        if character.unicodeScalars.contains("\u{FE0F}") || first.properties.isEmojiPresentation { return 2 }
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
