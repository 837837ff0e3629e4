import Model
import TestOrder
import Testing

@testable import Harnesses

@Suite(.serialized, .queued) struct WordSplitterTests {
    @Test(arguments: [
        ("claude --print", ["claude", "--print"]),
        ("  a\tb\n c ", ["a", "b", "c"]),
        (#"a 'b c' "d e" f\ g"#, ["a", "b c", "d e", "f g"]),
        (#"a '' """#, ["a", "", ""]),
        (#"x"y"'z'"#, ["xyz"]),
        (#"codex -c model_reasoning_effort="medium""#, ["codex", "-c", "model_reasoning_effort=medium"]),
        (#"a "b\"c\\d\n" 'e\f'"#, ["a", #"b"c\d\n"#, #"e\f"#]),
        ("a '$HOME; rm | x' \\$y \\;", ["a", "$HOME; rm | x", "$y", ";"]),
        ("a *.txt ~/b {c} #d", ["a", "*.txt", "~/b", "{c}", "#d"]),
        ("größe \\\n fett", ["größe", "fett"]),
    ])
    func `words are split as a shell would, and nothing is expanded`(text: String, words: [String]) throws {
        #expect(try WordSplitter.words(in: text) == words)
    }

    @Test(arguments: [
        "a; b", "a | b", "a & b", "a && b", "a $HOME", "a $(b)", "a `b`", "a > b", "a < b", "(a)", #"a "$HOME""#,
    ])
    func `what needs a shell is refused with a hint at a script`(text: String) {
        let failure = #expect(throws: Failure.self) { try WordSplitter.words(in: text) }
        #expect(failure?.kind == .configuration)
        #expect(failure?.message.contains("script") == true)
    }

    @Test(arguments: ["", "   ", "'", "a 'b", #"a "b"#, "a\\", "''"])
    func `an open quote or an empty command is refused`(text: String) {
        let failure = #expect(throws: Failure.self) { try WordSplitter.words(in: text) }
        #expect(failure?.kind == .configuration)
    }
}

@Suite(.serialized, .queued) struct ArgumentListTests {
    @Test func `a flag is found alone and with a value behind an equals sign`() {
        let list = ArgumentList(["--a=1", "-b", "--", "--c"])
        #expect(list.has("--a") && list.has("-b") && !list.has("--c") && !list.has("--aa"))
        #expect(list.values(of: ["--a"]) == ["1"])
    }

    @Test func `what is added stands before the lone dashes`() {
        var list = ArgumentList(["x", "--", "y"])
        list.add("--z", "1")
        list.add("--z", "2")
        #expect(list.words == ["x", "--z", "1", "--", "y"])
    }

    @Test func `removing takes the value along in each spelling`() {
        var list = ArgumentList(["--o", "text", "--k", "--o=json", "--", "--o", "t"])
        list.remove("--o")
        #expect(list.words == ["--k", "--", "--o", "t"])
    }
}
