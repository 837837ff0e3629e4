import Terminal
import Testing

@Suite struct StyledTextTests {
    private let plain = Style(isEnabled: false)
    private let line = StyledText("漢字 is wide ", .strong) + StyledText("and 👨‍👩‍👧‍👦 too", .good)

    @Test func `parts keep their emphasis, and secrets of a terminal stay out of it`() {
        #expect(
            (StyledText("a", .bad) + StyledText("\u{1B}[2J", .plain)).rendered(Style(isEnabled: true))
                == "\u{1B}[31ma\u{1B}[0m\u{FFFD}[2J")
        #expect(line.rendered(plain) == "漢字 is wide and 👨‍👩‍👧‍👦 too" && line.width == TerminalText.width(line.plain))
    }

    @Test(arguments: 1...30) func `what is cut fits, whatever is wide in it`(columns: Int) {
        let cut = line.truncated(to: columns)
        #expect(cut.width <= columns && (cut == line || cut.plain.hasSuffix("…")))
    }

    @Test(arguments: 10...30) func `what is wrapped fits and loses no word`(columns: Int) {
        let lines = line.wrapped(to: columns, indent: 2)
        #expect(lines.allSatisfy { $0.width <= columns })
        let words = lines.flatMap { $0.plain.split(separator: " ") }
        #expect(words == line.plain.split(separator: " "))
        #expect(lines.dropFirst().allSatisfy { $0.plain.hasPrefix("  ") })
    }

    @Test func `a zone without letters for a name is told by its distance`() {
        let delhi = LocalTime { _ in (19_800, "+0530") }
        #expect(delhi.name(at: 0) == "UTC+05:30" && delhi.offset(at: 0) == 19_800)
        #expect(LocalTime { _ in (-10_800, "-03") }.name(at: 0) == "UTC-03:00")
        #expect(LocalTime { _ in (3600, "CET") }.name(at: 0) == "CET" && LocalTime.utc.name(at: 0) == "UTC")
    }
}
