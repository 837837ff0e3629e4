import TOML
import TestSupport
import Testing

/// Edits whose whole result is known: nothing but the change may differ.
@Suite struct LosslessEditing {
    static func edited(_ text: String, _ edit: (inout TOMLDocument) throws -> Void) throws -> String {
        var document = try TOMLDocument(text, file: "f")
        try edit(&document)
        return document.text
    }

    static let plan = #"""
        # The plan	 of the "town"
        [meta]
        description = '''
        [[tasks]] in a text
        status = "no"'''

        [[tasks]] # first
        id = "a"
          status = "pending"   # wait for it
        tags = [
          "x", # why
          "y, ]",
        ]
        custom.deep = { z = 1, a.b = [ 1 ] }

        # about b
        [[tasks]]
        status = 'pending' # single quotes stay
        "id" = "b\"]"
        notes = """
        status = "pending"
        ""quotes""""

        [tasks.more]
        k = 2020-01-02 03:04:05

        # the end
        """#

    @Test func `values of array tables change in place`() throws {
        let text = try Self.edited(Self.plan) { document in
            try document.set(["tasks", 0, "status"], to: .string("completed"))
            try document.set(["tasks", 1, "status"], to: .string("running"))
            try document.set(["tasks", 0, "custom", "deep", "a", "b"], to: .integer(7))
            try document.set(["tasks", 0, "tags", 1], to: .string("z"))
            try document.set(["tasks", 1, "more", "k"], to: .bool(true))
        }
        let expected = Self.plan
            .replacing(#"  status = "pending"   # wait"#, with: #"  status = "completed"   # wait"#)
            .replacing("status = 'pending' #", with: "status = 'running' #")
            .replacing("a.b = [ 1 ]", with: "a.b = 7").replacing(#""y, ]""#, with: #""z""#)
            .replacing("2020-01-02 03:04:05", with: "true")
        #expect(text == expected)
    }

    @Test func `many values change at once, and a missing one is added`() throws {
        let text = try Self.edited(Self.plan) { document in
            try document.set([
                (["tasks", 1, "status"], .string("failed")), (["tasks", 0, "agent"], .string("ada")),
                (["tasks", 0, "status"], .string("completed")), (["meta", "more"], .integer(1)),
            ])
        }
        let expected = Self.plan
            .replacing(#"  status = "pending"   # wait"#, with: #"  status = "completed"   # wait"#)
            .replacing("status = 'pending' #", with: "status = 'failed' #")
            .replacing("a.b = [ 1 ] }\n", with: "a.b = [ 1 ] }\nagent = \"ada\"\n")
            .replacing("status = \"no\"'''\n", with: "status = \"no\"'''\nmore = 1\n")
        #expect(text == expected)
    }

    @Test func `a thousand values change, half of them new, about as fast as the text is read`() throws {
        let text = (0..<1000).map { "[[t]]\nid = \($0)\n\($0 % 2 == 0 ? "s = 'a' # c\n" : "")\n" }.joined()
        var document = try TOMLDocument(text, file: "f")
        let reading = try ThreadTime.measure { for _ in 0..<10 { _ = try TOML.parse(text, file: "f") } }
        let changing = try ThreadTime.measure {
            try document.set((0..<1000).map { (["t", .index($0), "s"], .string("b")) })
        }
        #expect(changing < reading * 20, "reading ten times \(reading), changing \(changing)")
        #expect(
            document.text
                == (0..<1000).map { "[[t]]\nid = \($0)\ns = \($0 % 2 == 0 ? "'b' # c" : "\"b\"")\n\n" }.joined())
    }

    @Test func `tables are appended behind the last of their array, texts of several lines as such`() throws {
        let text = try Self.edited(Self.plan) { document in
            try document.append(
                [
                    [("id", .string("c")), ("description", .string("one\n\"two\" \\\n"))], [("id", .string("d"))],
                ], to: ["tasks"])
        }
        let added = #"""
            k = 2020-01-02 03:04:05

            [[tasks]]
            id = "c"
            description = """
            one
            \"two\" \\
            """

            [[tasks]]
            id = "d"

            """#
        #expect(text == Self.plan.replacing("k = 2020-01-02 03:04:05\n", with: added))
        #expect(try Self.edited("") { try $0.append([[("a", .integer(1))]], to: ["t"]) } == "[[t]]\na = 1\n")
        #expect(
            try Self.edited("x = 1") { try $0.append([[("a", .integer(1))]], to: ["t"]) } == "x = 1\n\n[[t]]\na = 1\n")
    }

    @Test func `inline tables and arrays grow in their own style`() throws {
        let text = "t = [\n  { id = 'a', n = {} }, # one\n  { id = 'b' },\n]\nempty = []\n"
        let edited = try Self.edited(text) { document in
            try document.set(["t", 1, "status"], to: .string("done"))
            try document.set(["t", 0, "n", "x"], to: .integer(1))
            try document.append([[("id", .string("c"))]], to: ["t"])
            try document.append([[("id", .string("d"))]], to: ["empty"])
        }
        let expected = """
            t = [
              { id = 'a', n = { x = 1 } }, # one
              { id = 'b', status = "done" },
              { id = "c" },
            ]
            empty = [{ id = "d" }]

            """
        #expect(edited == expected)
    }

    @Test func `line breaks of Windows stay, and new lines get the same`() throws {
        let text = "# c\r\n[a]\r\nx = 1 # one\r\n\r\n[[t]]\r\nid = \"q\"\r\n"
        let edited = try Self.edited(text) { document in
            try document.set(["a", "x"], to: .integer(2))
            try document.set(["a", "y"], to: .string("two\nlines"))
            try document.set(["t", 0, "s"], to: .bool(false))
            try document.append([[("id", .string("r"))]], to: ["t"])
        }
        #expect(
            edited == "# c\r\n[a]\r\nx = 2 # one\r\ny = \"two\\nlines\"\r\n\r\n[[t]]\r\nid = \"q\"\r\ns = false\r\n\r\n"
                + "[[t]]\r\nid = \"r\"\r\n")
    }

    @Test func `dotted keys are found, and new ones stand beside them`() throws {
        let text = "meta.agent = 'x'\nother = 1\n\n[s]\na.\"b c\".d = 1\n"
        let edited = try Self.edited(text) { document in
            try document.set(["meta", "agent"], to: .string("y"))
            try document.set(["meta", "description"], to: .string("z"))
            try document.set(["s", "a", "b c", "e"], to: .integer(2))
        }
        #expect(
            edited
                == "meta.agent = 'y'\nmeta.description = \"z\"\nother = 1\n\n[s]\na.\"b c\".d = 1\na.\"b c\".e = 2\n")
    }

    @Test func `a key of the root goes before the first table and its comments`() throws {
        let text = "# head\n\n# about a\n[a]\n"
        #expect(
            try Self.edited(text) { try $0.set(["x"], to: .integer(1)) } == "# head\n\nx = 1\n\n# about a\n[a]\n")
    }

    @Test func `a key, an element of an array table and a whole table are taken out, comments of the next stay`() throws
    {
        let edited = try Self.edited(Self.plan) { document in
            try document.remove(["tasks", 0])
            try document.remove(["tasks", 0, "notes"])
            try document.remove(["meta"])
        }
        let expected = #"""
            # The plan	 of the "town"
            # about b
            [[tasks]]
            status = 'pending' # single quotes stay
            "id" = "b\"]"

            [tasks.more]
            k = 2020-01-02 03:04:05

            # the end
            """#
        #expect(edited == expected)
    }

    @Test func `what cannot be changed is refused, and the text stays`() throws {
        var document = try TOMLDocument(Self.plan, file: "f")
        for path in [["tasks", "x"], ["tasks", 5, "x"], ["meta", "description", "x"], ["meta", 0]] as [[TOMLStep]] {
            #expect(throws: TOMLError.self) { try document.set(path, to: .integer(1)) }
            #expect(throws: TOMLError.self) {
                try document.set([(["tasks", 0, "status"], .string("completed")), (path, .integer(1))])
            }
        }
        #expect(document.text == Self.plan)
    }

    @Test func `an edit of any document either means what was wanted or does nothing`() throws {
        let pieces = [
            "[[t]]", "[t.u]", "[a]", "[a.b]", "a = 1", "b.c = 'x'", "\"d e\" = {x = 1, y = [1, {z = 2}]}", "# c", "",
            "s = \"\"\"a\n[q]\n\"\"\"", "l = [\n 1, # c ]\n 2\n]", "\tk\t=\t'v'\t# é", "é = 1", "k.l = 1",
        ]
        var state: UInt64 = 5
        func next(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        let paths: [[TOMLStep]] = [
            ["a"], ["t", 0, "k"], ["a", "b", "a"], ["b", "c"], ["d e", "y", 1, "z"], ["a", "new"], ["t", 1, "u", "n"],
        ]
        var edits = 0
        for _ in 0..<3000 {
            let lines = (0..<next(8)).map { _ in pieces[next(pieces.count)] }
            let text = lines.joined(separator: next(2) == 0 ? "\n" : "\r\n")
            guard var document = try? TOMLDocument(text, file: "f") else { continue }
            let path = paths[next(paths.count)]
            guard (try? document.set(path, to: .string("new"))) != nil else {
                #expect(document.text == text)
                continue
            }
            edits += 1
            #expect(document.table[steps: path]?.value == .string("new"))
            #expect(try TOML.parse(document.text, file: "f") == document.table)
        }
        #expect(edits > 300, "only \(edits) of the texts could be edited")
    }
}

extension String {
    /// With the first place where `old` stands replaced.
    fileprivate func replacing(_ old: String, with new: String) -> String {
        var at = startIndex
        while at < endIndex {
            if self[at...].hasPrefix(old) { return self[..<at] + new + self[index(at, offsetBy: old.count)...] }
            at = index(after: at)
        }
        return "'\(old)' is not in the text"
    }
}
