import Terminal
import Testing

private let plain = Style(isEnabled: false)

@Suite struct Showing {
    @Test func `escape sequences of others never reach the terminal`() {
        #expect(
            TerminalText.sanitized("a\u{1B}[31mb\u{7}\u{202E}c\nd\te\u{9B}")
                == "a\u{FFFD}[31mb\u{FFFD}\u{FFFD}c\nd\te\u{FFFD}")
        #expect(TerminalText.line("a\nb\r\nc") == "a b c")
    }

    @Test(arguments: [("abc", 3), ("日本", 4), ("é", 1), ("e\u{301}", 1), ("⚡", 2), ("⏸️", 2), ("", 0)])
    func `width counts columns`(text: String, width: Int) { #expect(TerminalText.width(text) == width) }

    @Test func `what is cut says so and fits`() {
        #expect(TerminalText.truncated("abcdef", to: 4) == "abc…")
        #expect(TerminalText.truncated("日本語", to: 4) == "日…")
        #expect(TerminalText.truncated("abc", to: 3) == "abc")
        #expect(TerminalText.truncated("abc", to: 0) == "")
    }

    @Test func `a table aligns, and shrinks its flexible column to the width`() {
        var table = Table([.init("NAME"), .init("N", isRight: true), .init("TEXT", isFlexible: true)])
        table.add(["a", "10", "a long text that goes on"])
        table.add(["bcd", "5", "short"])
        #expect(
            table.lines(width: nil, style: plain) == [
                "NAME   N  TEXT", "a     10  a long text that goes on", "bcd    5  short",
            ])
        let narrow = table.lines(width: 22, style: plain)
        #expect(narrow[1] == "a     10  a long text…")
        #expect(narrow.allSatisfy { TerminalText.width($0) <= 22 })
    }

    @Test func `colour follows NO_COLOR, dumb terminals and pipes`() {
        typealias T = TerminalCapabilities
        #expect(T.detect(environment: [:], isTerminal: true, columns: 100) == T(width: 100, hasColour: true))
        #expect(
            T.detect(environment: ["NO_COLOR": "1"], isTerminal: true, columns: nil) == T(width: 80, hasColour: false))
        #expect(
            T.detect(environment: ["TERM": "dumb", "COLUMNS": "60"], isTerminal: true, columns: nil)
                == T(width: 60, hasColour: false))
        #expect(T.detect(environment: [:], isTerminal: false, columns: nil) == T(width: nil, hasColour: false))
        #expect(
            T.detect(environment: ["CLICOLOR_FORCE": "1"], isTerminal: false, columns: nil)
                == T(width: nil, hasColour: true))
        #expect(Style(isEnabled: true).bold("x") == "\u{1B}[1mx\u{1B}[0m")
    }

    @Test(arguments: [
        (0, "just now"), (42, "42 s ago"), (200, "3 min ago"), (7200, "2 h ago"), (400_000, "4 d ago"),
        (-3588, "just now"),
    ]) func `what has happened is never in the future`(seconds: Int, text: String) {
        #expect(TimeText.ago(.seconds(seconds)) == text)
    }

    @Test(arguments: [(90, "in 1 min"), (1, "now"), (-90, "now")])
    func `what is to come is never in the past`(seconds: Int, text: String) {
        #expect(TimeText.ahead(.seconds(seconds)) == text)
    }

    @Test func `lengths are readable`() {
        #expect(TimeText.length(.milliseconds(-3_588_900)) == "0.0 s")
        #expect(TimeText.length(.milliseconds(430)) == "0.4 s")
        #expect(TimeText.length(.seconds(185)) == "3 min 5 s")
        #expect(TimeText.length(.seconds(7800)) == "2 h 10 min")
    }

    @Test func `a frame overwrites each line, clears what is left, and keeps to the screen`() {
        let frame = LiveScreen.frame(
            ["one", "a longer 漢字 line", "three"].map { StyledText($0) }, columns: 10, rows: 5, style: plain)
        #expect(
            frame == "\u{1B}[?2026h\u{1B}[Hone\u{1B}[K\r\na longer…\u{1B}[K\r\nthree\u{1B}[K\u{1B}[J\u{1B}[?2026l")
        let low = LiveScreen.frame(["1", "2", "3", "4"].map { StyledText($0) }, columns: 20, rows: 3, style: plain)
        #expect(low.contains("… 2 more lines") && !low.contains("3"))
        let foreign = LiveScreen.frame([StyledText("\u{1B}[31mred")], columns: 20, rows: 3, style: plain)
        #expect(foreign.contains("\u{FFFD}[31mred") && !foreign.contains("\u{1B}[31m"))
    }

    @Test(arguments: [10, 20, 30, 40, 60]) func `a table fits every width, and says where something was cut`(
        _ width: Int
    ) {
        var table = Table([
            .init("NAME", isFlexible: true), .init("STATE"), .init("N", isRight: true, isDispensable: true),
            .init("NOTE", isFlexible: true, isDispensable: true),
        ])
        table.add(["漢字 with a family 👨‍👩‍👧‍👦 and more", "Working", "12", "something quite long to say here"])
        let lines = table.lines(width: width, style: Style(isEnabled: false))
        #expect(lines.allSatisfy { TerminalText.width($0) <= width })
        #expect(lines[1].contains("…"))
        #expect(lines[0].contains("NOTE") == (width >= 40))
    }
}
