import TOML
import Testing

@Suite struct Reading {
    @Test func `values, order and positions`() throws {
        let table = try TOML.parse(
            "name = 'x'\nn = -7 # c\nf = 1.5\n[b]\nyes = true\n[a.\"q k\"]\nlist = [1, \"two\"]\nd = 2020-01-02T03:04:05Z\n",
            file: "f")
        #expect(table.entries.map(\.key) == ["name", "n", "f", "b", "a"])
        #expect(table["n"]?.value == .integer(-7) && table["n"]?.start == TOMLPosition(line: 2, column: 5))
        #expect(table[path: ["b", "yes"]]?.value == .bool(true))
        #expect(
            table[path: ["a", "q k", "list"]]?.value == .array([TOMLNode(.integer(1)), TOMLNode(.string("two"))]))
        #expect(table[path: ["a", "q k", "d"]]?.value == .time("2020-01-02T03:04:05Z"))
        #expect(table[path: ["name", "x"]] == nil)
    }

    @Test func `an error says where`() {
        do {
            _ = try TOML.parse("a = 1\nb = \n", file: "town.toml")
            Issue.record("no error")
        } catch {
            #expect(error.position.line == 2 && error.description.hasPrefix("town.toml:2:"))
        }
    }

    @Test func `garbage never crashes`() {
        let alphabet = Array("a=[]\"'\n.#{}1-: \\tü".unicodeScalars)
        var state: UInt64 = 1
        var (read, refused) = (0, 0)
        for _ in 0..<2000 {
            var text = ""
            for _ in 0..<40 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text.unicodeScalars.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            do {
                _ = try TOML.parse(text, file: "f")
                read += 1
            } catch {
                refused += 1
                // What the library itself gives up on has no place.
                let place = error.position.line > 0 ? "f:\(error.position.line):" : "f: this is not TOML"
                #expect(error.description.hasPrefix(place), "\(text.debugDescription)")
            }
        }
        #expect(refused > 1000, "\(read) read, \(refused) refused")
    }

    @Test func `strings with anything in them survive writing and reading`() throws {
        let wild = "\u{0}\u{7f}\"\\\n\t\r 'é🙂\u{2028}"
        let text = TOMLWriter.key("k k") + " = " + TOMLWriter.inline(.string(wild))
        #expect(try TOML.parse(text, file: "f")["k k"]?.value == .string(wild))
    }
}

@Suite struct Editing {
    static let text = """
        # head
        name = "x"   # the name
        count = 3

        # about agents
        [agent]
        idle = 1 # seconds
        list = [
          1,
        ]

        # about b
        [b]
        "é" = "ü" # c
        """

    @Test func `a value changes in place and all else stays`() throws {
        var document = try TOMLDocument(Self.text, file: "f")
        try document.set(["name"], to: .string("new"))
        try document.set(["agent", "idle"], to: .integer(9))
        try document.set(["agent", "list"], to: .array([]))
        try document.set(["b", "é"], to: .string("z"))
        let expected = Self.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(
            document.text.contains(
                "name = \"new\"   # the name\ncount = 3\n\n# about agents\n[agent]\nidle = 9 # seconds\nlist = []\n\n# about b"
            ))
        #expect(document.text.hasSuffix("= \"z\" # c"))
        #expect(document.text.hasPrefix(expected[0]))
    }

    @Test func `new keys go to their table, and new tables to the end`() throws {
        var document = try TOMLDocument(Self.text, file: "f")
        try document.set(["top"], to: .bool(true))
        try document.set(["agent", "more"], to: .integer(2))
        try document.set(["c", "d"], to: .string("e"))
        #expect(document.text.contains("count = 3\ntop = true\n\n# about agents"))
        #expect(document.text.contains("]\nmore = 2\n\n# about b"))
        #expect(document.text.hasSuffix("\n\n[c]\nd = \"e\"\n"))
    }

    @Test func `a key is taken out with its line`() throws {
        var document = try TOMLDocument(Self.text, file: "f")
        try document.remove(["agent", "list"])
        try document.remove(["count"])
        try document.remove(["nothing"])
        #expect(document.table[path: ["agent", "list"]] == nil && document.table["count"] == nil)
        #expect(document.text.contains("idle = 1 # seconds\n\n# about b"))
    }

    @Test func `an empty file gets its first key`() throws {
        var document = try TOMLDocument("", file: "f")
        try document.set(["default_cli"], to: .string("codex"))
        #expect(document.text == "default_cli = \"codex\"\n")
    }

    @Test func `a path through something that is no table is refused and nothing changes`() throws {
        var document = try TOMLDocument(Self.text, file: "f")
        #expect(throws: TOMLError.self) { try document.set(["name", "sub"], to: .integer(1)) }
        #expect(document.text == Self.text)
    }
}
