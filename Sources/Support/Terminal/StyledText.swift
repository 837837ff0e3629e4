/// One line of text in parts of different emphasis, measured and cut as a terminal shows it.
///
/// Its parts are made safe to show when it is made, so that only the emphasis of this program reaches a terminal.
public struct StyledText: Sendable, Equatable {
    /// What a part means; the terminal's colours are chosen in one place.
    public enum Tone: Sendable { case plain, strong, faint, good, waiting, bad }

    private struct Part: Sendable, Equatable {
        var text: String
        var tone: Tone
    }

    private var parts: [Part] = []

    public init(_ text: String = "", _ tone: Tone = .plain) {
        if !text.isEmpty { parts = [Part(text: TerminalText.line(text), tone: tone)] }
    }

    public static func + (left: StyledText, right: StyledText) -> StyledText {
        var sum = left
        sum.parts += right.parts
        return sum
    }

    public static func += (left: inout StyledText, right: StyledText) { left = left + right }

    /// The text without emphasis.
    public var plain: String { parts.map(\.text).joined() }

    /// Columns that it takes.
    public var width: Int { parts.reduce(0) { $0 + TerminalText.width($1.text) } }

    public var isEmpty: Bool { parts.allSatisfy(\.text.isEmpty) }

    /// At most `columns` wide; where something is cut, `…` says so.
    public func truncated(to columns: Int) -> StyledText {
        guard width > columns else { return self }
        var result = StyledText()
        var room = columns
        for part in parts {
            let own = TerminalText.width(part.text)
            // The last column is for the sign, unless this is all there is.
            if own < room {
                result.parts.append(part)
                room -= own
            } else {
                let cut = TerminalText.truncated(part.text + "…", to: room)
                result.parts.append(Part(text: cut, tone: part.tone))
                break
            }
        }
        return result
    }

    /// With spaces behind it, `columns` wide in all.
    public func padded(to columns: Int) -> StyledText {
        self + StyledText(spaces: columns - width)
    }

    init(spaces: Int) {
        if spaces > 0 { parts = [Part(text: String(repeating: " ", count: spaces), tone: .plain)] }
    }

    /// On as many lines as it takes, broken between words; those after the first begin with `indent` spaces. A word that
    /// has no room on a line of its own is cut.
    public func wrapped(to columns: Int, indent: Int) -> [StyledText] {
        guard width > columns else { return [self] }
        var lines: [StyledText] = []
        var line = StyledText()
        var used = 0
        for (word, tone) in words {
            let own = TerminalText.width(word)
            let isBlank = word.allSatisfy { $0 == " " }
            if used + own > columns, used > (lines.isEmpty ? 0 : indent) {
                lines.append(line)
                line = StyledText(spaces: indent)
                used = indent
                if isBlank { continue }
            }
            let text = own > columns - used ? TerminalText.truncated(word, to: max(1, columns - used)) : word
            line.parts.append(Part(text: text, tone: tone))
            used += TerminalText.width(text)
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }

    // Runs of spaces and of anything else, in turn.
    private var words: [(String, Tone)] {
        var found: [(String, Tone)] = []
        for part in parts {
            var run = ""
            for character in part.text {
                if let last = run.last, (last == " ") != (character == " ") {
                    found.append((run, part.tone))
                    run = ""
                }
                run.append(character)
            }
            if !run.isEmpty { found.append((run, part.tone)) }
        }
        return found
    }

    /// As it goes to a terminal.
    public func rendered(_ style: Style) -> String {
        parts.map { part in
            switch part.tone {
            case .plain: part.text
            case .strong: style.bold(part.text)
            case .faint: style.dim(part.text)
            case .good: style.green(part.text)
            case .waiting: style.yellow(part.text)
            case .bad: style.red(part.text)
            }
        }.joined()
    }
}
