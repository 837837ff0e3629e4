/// What a character is to somebody who reads text, by its Unicode general category.
enum ScalarKind {
    /// It shows itself.
    case visible
    case newline, tab
    /// It is drawn on the character before it: accents, vowel signs.
    case mark
    /// U+200C and U+200D: they belong inside words of some scripts and inside emoji, and are invisible elsewhere.
    case joiner
    /// It chooses the look of the character before it, and is invisible elsewhere.
    case selector
    /// It shows nothing of itself: controls, format characters (bidi controls, zero widths, soft hyphens, tags),
    /// separators of lines, private and unassigned characters, and letters that are blank.
    case hidden

    init(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x20...0x7E: self = .visible
        case 0x0A: self = .newline
        case 0x09: self = .tab
        case 0xAD: self = .hidden
        case 0xA0..<0x300: self = .visible
        case 0..<0xA0: self = .hidden
        case 0x200C, 0x200D: self = .joiner
        case 0xFE00...0xFE0F, 0xE0100...0xE01EF, 0x180B...0x180D, 0x180F: self = .selector
        // The blank of Braille, and a note head that is not drawn.
        case 0x2800, 0x1D159: self = .hidden
        default: self = Self.looked(up: scalar.properties)
        }
    }

    private static func looked(up properties: Unicode.Scalar.Properties) -> ScalarKind {
        // Fillers of Hangul and Khmer are letters by their category, and the grapheme joiner is a mark.
        if properties.isDefaultIgnorableCodePoint { return .hidden }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            return .hidden
        case .nonspacingMark, .enclosingMark: return .mark
        default: return .visible
        }
    }
}

extension Unicode.Scalar {
    /// Whether a joiner may stand between the two: inside an emoji, or inside a word of a script that needs it.
    static func joins(_ joiner: Unicode.Scalar, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?) -> Bool {
        guard let before, let after else { return false }
        if before.isOfJoiningScript, after.isOfJoiningScript { return true }
        return joiner.value == 0x200D && (before.isPicture || before.value == 0xFE0F) && after.isPicture
    }

    /// Whether this selector says something about `base`.
    func selects(_ base: Unicode.Scalar?) -> Bool {
        guard let base else { return false }
        switch value {
        case 0xFE0E, 0xFE0F: return base.properties.isEmoji
        case 0xFE00...0xFE0D: return base.properties.isIdeographic || base.properties.generalCategory == .mathSymbol
        case 0xE0100...0xE01EF: return base.properties.isIdeographic
        default: return (0x1820...0x18AA).contains(base.value)
        }
    }

    private var isPicture: Bool { value >= 0x203C && properties.isEmoji }

    // Arabic and its neighbours, the scripts of India and around it, Mongolian.
    private var isOfJoiningScript: Bool {
        guard (0x600...0x1CFF).contains(value) else { return false }
        switch properties.generalCategory {
        case .otherLetter, .modifierLetter, .nonspacingMark, .spacingMark: return true
        default: return false
        }
    }
}
