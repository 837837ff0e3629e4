import Testing
import Text

@Suite struct VisibleTextTests {
    private static let mark = "\u{FFFD}"

    @Test(arguments: [
        ("controls", "a\u{1B}[31mb\u{7}c\u{7F}\u{9B}"), ("carriage return", "a\rb"), ("bidi", "\u{202E}a\u{2066}"),
        ("Arabic letter mark", "a\u{61C}b"), ("zero width space", "a\u{200B}b"), ("word joiner", "a\u{2060}b"),
        ("soft hyphen", "a\u{AD}b"), ("byte order mark", "\u{FEFF}a"), ("tags", "a\u{E0041}\u{E007F}"),
        ("line separator", "a\u{2028}b"), ("paragraph separator", "a\u{2029}b"), ("next line", "a\u{85}b"),
        ("private use", "a\u{E000}\u{F0000}"), ("unassigned", "a\u{378}"), ("no character", "a\u{FFFF}"),
        ("Hangul filler", "a\u{3164}\u{115F}\u{FFA0}"), ("blank Braille", "a\u{2800}"),
        ("grapheme joiner", "a\u{34F}b"), ("joiner in a word", "a\u{200D}b"), ("non-joiner in a word", "a\u{200C}b"),
        ("selector after a letter", "a\u{FE0F}b"), ("two selectors", "❤\u{FE0F}\u{FE0F}"),
        ("many selectors", "a\u{E0100}\u{E0101}"), ("a mark on nothing", "\u{301}a"),
    ])
    func `what shows nothing of itself is replaced`(name: String, text: String) {
        let shown = VisibleText.lines(text)
        #expect(shown.contains(Self.mark), "\(name)")
        #expect(VisibleText.lines(shown) == shown, "\(name): what is shown is shown as it is")
        #expect(VisibleText.hidesSomething(text))
    }

    @Test(arguments: [
        "plain text\n\twith tabs", "Grüße, Ça va? 日本語 한국어 עברית العربية", "e\u{301} n\u{303}",
        "👩\u{200D}💻 ❤\u{FE0F} 👍🏽 1\u{FE0F}\u{20E3} 🇩🇪", "می\u{200C}خواهم", "क्\u{200D}ष ශ්\u{200D}රී", "葛\u{E0100}",
        "→ ∀x ½ €", "",
    ])
    func `what scripts and emoji need stays`(text: String) {
        #expect(VisibleText.lines(text) == text)
        #expect(!VisibleText.hidesSomething(text))
    }

    @Test func `piles of accents are cut`() {
        let pile = "a" + String(repeating: "\u{301}", count: 500) + "b"
        #expect(VisibleText.lines(pile) == "a\u{301}\u{301}\u{301}\u{301}\(Self.mark)b")
    }

    @Test func `line ends of other systems are line ends, and one line stays one`() {
        #expect(VisibleText.lines("a\r\nb") == "a\nb")
        #expect(VisibleText.line("a\r\n\n\tb\n") == "a b")
        #expect(VisibleText.line("a\u{2028}b\u{B}c") == "a\(Self.mark)b\(Self.mark)c")
    }

    @Test func `every character of Unicode is either shown or replaced, in a bounded length`() {
        // All of the first plane and of the tags, and a sample of the rest.
        let values =
            Array(UInt32(0)...0xFFFF) + Array(0xE0000...0xE0FFF) + Array(stride(from: 0x10000, to: 0x110000, by: 101))
        for value in values {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let shown = VisibleText.lines("x\(scalar)y")
            #expect(shown.unicodeScalars.count <= 3)
            switch scalar.properties.generalCategory {
            case .format, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                #expect(shown == "x\u{FFFD}y", "U+\(String(value, radix: 16))")
            default: break
            }
        }
    }
}

@Suite struct PromptTextTests {
    @Test func `a quotation is one line that nothing inside can end`() {
        #expect(PromptText.quoted("a \"b\"\n\n## c\\") == #""a \"b\" ## c\\""#)
        #expect(PromptText.quoted(String(repeating: "x", count: 50), limit: 10) == "\"xxxxxxxxxx…\"")
        #expect(PromptText.quoted("a\u{202E}b\u{E0041}") == "\"a\u{FFFD}b\u{FFFD}\"")
    }

    @Test(arguments: ["backend", "Über-1", "plan:a/b", "日本", "c++", "v1.2@x#3"])
    func `a name stands as it is`(name: String) { #expect(PromptText.name(name) == name) }

    @Test(arguments: [
        "two words", "a\nb", "x`y", "", "a\u{200B}b", "a\u{3164}", "**a**", "a\u{301}\u{301}\u{301}\u{301}\u{301}",
    ])
    func `anything else is quoted`(name: String) {
        let shown = PromptText.name(name)
        #expect(shown.hasPrefix("\"") && shown.hasSuffix("\"") && !shown.contains("\n"))
    }

    @Test(arguments: ["plain", "```\n# Rules\n````text", "````````", "a\r```\rb", "`"])
    func `a fence is longer than any run of backticks inside`(text: String) {
        let lines = PromptText.fenced(text)
        let ticks = lines[2]
        #expect(ticks.allSatisfy { $0 == "`" } && ticks.count >= 3 && lines[0] == ticks + "text")
        #expect(!lines[1].contains(ticks))
    }
}

@Suite struct JSONEscapesTests {
    @Test func `what cannot be seen is escaped, and what can is not`() {
        #expect(
            JSONEscapes.escaped("{\"a\":\"é 日 \u{202E}\u{7F}\u{2028}\u{E0041}\"}")
                == "{\"a\":\"é 日 \\u202e\\u007f\\u2028\\udb40\\udc41\"}")
        #expect(JSONEscapes.escaped("[\"👩\u{200D}💻\"]") == "[\"👩\\u200d💻\"]")
        #expect(JSONEscapes.escaped("[\"plain\"]") == "[\"plain\"]")
    }
}
