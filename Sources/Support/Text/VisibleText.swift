/// Text in which nothing is invisible: the rules that screens and prompts share.
///
/// Whatever would show nothing of itself becomes `�`, so that it can neither hide words, turn their direction, control a
/// terminal, nor make two names look alike. What scripts and emoji need stays.
public enum VisibleText {
    /// Accents that a character may carry; a pile of more covers the lines around it.
    private static let mostMarks = 4
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// The text with its lines and tabs.
    public static func lines(_ text: String) -> String {
        if isPlain(text) { return text }
        var shown = String.UnicodeScalarView()
        // What the next mark would be drawn on, how many it carries, and what stands directly before.
        var base: Unicode.Scalar?
        var marks = 0
        var last: Unicode.Scalar?
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            index = scalars.index(after: index)
            let next = index < scalars.endIndex ? scalars[index] : nil
            var isShown = true
            switch ScalarKind(scalar) {
            case .visible: (base, marks) = (scalar, 0)
            case .newline, .tab: (base, marks) = (nil, 0)
            case .mark:
                marks += 1
                if base != nil, marks > mostMarks + 1 { continue }
                isShown = base != nil && marks <= mostMarks
            case .joiner: isShown = Unicode.Scalar.joins(scalar, last, next)
            case .selector: isShown = scalar.selects(last)
            case .hidden:
                // The line end of other systems.
                if scalar == "\r", next == "\n" { continue }
                isShown = false
                base = nil
            }
            shown.append(isShown ? scalar : replacement)
            last = isShown ? scalar : nil
        }
        return String(shown)
    }

    /// The text on one line: what separates lines and columns becomes one space.
    public static func line(_ text: String) -> String {
        let text = lines(text)
        guard text.utf8.contains(where: { $0 == 10 || $0 == 9 }) else { return text }
        return text.split { $0.isNewline || $0 == "\t" }.joined(separator: " ")
    }

    /// Whether the text holds something that is not shown as it is.
    public static func hidesSomething(_ text: String) -> Bool { !isPlain(text) && lines(text) != text }

    /// Whether the character shows nothing of itself, wherever it stands. Joiners and selectors, which scripts and emoji
    /// need, are not meant.
    public static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        if case .hidden = ScalarKind(scalar) { true } else { false }
    }

    // Most text is; it costs one look at each byte.
    private static func isPlain(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { $0.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x0A || $0 == 0x09 } }
    }
}
