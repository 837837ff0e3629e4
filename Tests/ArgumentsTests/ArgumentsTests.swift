import Arguments
import Testing

private let globals: [Option] = [
    .value("town", "t", "PATH", "the town's folder", completion: .folder),
    .flag("json", nil, "print JSON"), .flag("verbose", "v", "say more"), .flag("help", "h", "this text"),
]
private let spawn = CommandSpec(
    "spawn", "Create an agent", group: "Start",
    options: [
        .value(
            "cli", "c", "CLI", "what runs it", standard: "claude", completion: .values(["claude", "codex"])
        ).alias("model", "m"),
        .flag("foreground", "f", "run it here"), .flag("background", "b", "run it there"),
        .value("tag", nil, "TAG", "a tag", isRepeatable: true), .value("rounds", "n", "N", "how many turns"),
    ],
    positionals: [Positional("NAME", .one, "the agent's name"), Positional("WORDS", .any, "more")],
    examples: [Example("tt spawn a", "makes a")], exclusive: [["foreground", "background"]])
private let tree = CommandSpec(
    "tt", "Run teams of agents",
    subcommands: [
        spawn,
        CommandSpec(
            "task", "Tasks", group: "Work",
            subcommands: [
                CommandSpec(
                    "show", "Show one",
                    positionals: [Positional("TASK", .optional, "its id", completion: .dynamic("tasks"))])
            ]),
        CommandSpec("secret", "Hidden", isHidden: true, aliases: ["arcane"]),
    ])
private func parse(_ words: String...) throws(ArgumentsError) -> ParsedArguments {
    try ArgumentsParser(root: tree, globals: globals).parse(words)
}

@Suite struct Parsing {
    @Test func `options stand before, between and after, in every form`() throws {
        let all = try parse(
            "--town", "/x", "spawn", "-vc", "codex", "a", "--tag=one", "--tag", "two", "-n3", "b", "--json")
        #expect(all.path == ["spawn"])
        #expect(all.string("town") == "/x" && all.flag("verbose") && all.flag("json"))
        #expect(all.string("cli") == "codex" && all.strings("tag") == ["one", "two"])
        #expect(try all.int("rounds", in: 1...9) == 3)
        #expect(all.required("NAME") == "a" && all.positionalList("WORDS") == ["b"])
    }

    @Test func `a double dash ends the options, and a lone dash and negative numbers are words`() throws {
        #expect(try parse("spawn", "--", "-c").required("NAME") == "-c")
        #expect(try parse("spawn", "-").required("NAME") == "-")
        #expect(try parse("spawn", "-5").required("NAME") == "-5")
    }

    @Test func `other names of options and commands are understood as their own`() throws {
        for words in [["--model", "codex"], ["--model=codex"], ["-m", "codex"], ["-mcodex"]] {
            let parsed = try ArgumentsParser(root: tree, globals: globals).parse(["spawn", "a"] + words)
            #expect(parsed.string("cli") == "codex")
        }
        #expect(try parse("arcane").path == ["secret"])
        #expect(throws: ArgumentsError.self) { try parse("spawn", "a", "--m", "codex") }
    }

    @Test func `subcommands nest`() throws {
        let show = try parse("task", "show", "12")
        #expect(show.path == ["task", "show"] && show.positional("TASK") == "12")
        #expect(try parse("task", "show").positional("TASK") == nil)
    }

    @Test(arguments: [
        (["spwan", "a"], ArgumentsError(.unknownCommand, "unknown command 'spwan'; did you mean 'spawn'?", path: [])),
        (
            ["spawn", "--fore-ground", "a"],
            ArgumentsError(
                .unknownOption, "unknown option '--fore-ground'; did you mean '--foreground'?", path: ["spawn"])
        ),
        (["spawn", "--cli"], ArgumentsError(.missingValue, "--cli needs a value: --cli CLI", path: ["spawn"])),
        (
            ["spawn", "--cli", "codx", "a"],
            ArgumentsError(
                .badValue, "--cli is one of claude, codex, not 'codx'; did you mean 'codex'?", path: ["spawn"])
        ),
        (["spawn"], ArgumentsError(.missingArgument, "NAME is missing: the agent's name", path: ["spawn"])),
        (
            ["task", "show", "1", "2"],
            ArgumentsError(
                .unexpectedArgument, "'2' is one argument too many (a text with spaces needs quotes)",
                path: ["task", "show"])
        ),
        (
            ["spawn", "a", "-f", "-b"],
            ArgumentsError(.conflict, "--foreground and --background can't be used together", path: ["spawn"])
        ),
        (["spawn", "a", "-n", "1", "-n", "2"], ArgumentsError(.conflict, "--rounds was given twice", path: ["spawn"])),
        ([], ArgumentsError(.missingCommand, "a command is missing", path: [])),
        (["task"], ArgumentsError(.missingCommand, "a command is missing", path: ["task"])),
        (["--json=yes", "spawn"], ArgumentsError(.badValue, "--json takes no value", path: [])),
    ])
    func `what is not understood is said with the way out`(words: [String], expected: ArgumentsError) {
        #expect(throws: expected) { try ArgumentsParser(root: tree, globals: globals).parse(words) }
    }

    @Test func `help wins over what is missing`() throws { #expect(try parse("spawn", "--help").flag("help")) }

    @Test func `a number outside its range names the range`() throws {
        let parsed = try parse("spawn", "a", "--rounds", "0")
        #expect(
            throws: ArgumentsError(.badValue, "--rounds takes a whole number from 1 to 9, not '0'", path: ["spawn"])
        ) {
            try parsed.int("rounds", in: 1...9)
        }
    }
}

@Suite struct Rendering {
    @Test func `help shows usage, arguments, options with defaults, and examples`() {
        let help = HelpRenderer(program: "tt", globals: globals, width: 60).help(for: spawn, path: ["spawn"])
        #expect(help.hasPrefix("Create an agent.\n\nUsage:\n  tt spawn NAME [WORDS…] [options]\n"))
        #expect(help.contains("  -c, --cli CLI     what runs it (default: claude)\n"))
        #expect(help.contains("Examples:\n  tt spawn a\n      makes a\n"))
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 60 })
    }

    @Test func `the top level lists commands by group and leaves out hidden ones`() {
        let help = HelpRenderer(program: "tt", globals: globals).help(for: tree, path: [])
        #expect(help.contains("Start:\n  spawn  Create an agent\n"))
        #expect(help.contains("Work:\n  task   Tasks\n"))
        #expect(!help.contains("secret"))
    }

    @Test(arguments: CompletionScript.Shell.allCases) func `scripts know commands and leave out hidden ones`(
        shell: CompletionScript.Shell
    ) {
        let script = CompletionScript(program: "tt", root: tree, globals: globals).script(for: shell)
        #expect(
            script.contains("spawn") && script.contains("tasks") && script.contains("tt __complete ")
                && !script.contains("secret"))
    }
}

@Suite struct Recordings {
    @Test func `an output belongs to the innermost command of its line`() {
        let outputs = RecordedOutputs(
            "# a comment\n$ tt task\nhelp\n\n$ tt task show 3f2a\n\nTask 3f2a\n\n$ tt spawn a\n")
        let page = MarkdownPage(program: "tt", outputs: outputs).page(for: tree.subcommands[1], path: ["task"])
        #expect(page.contains("```\n$ tt task\nhelp\n```\n\n## tt task show"))
        #expect(page.hasSuffix("```\n$ tt task show 3f2a\n\nTask 3f2a\n```\n") && !page.contains("spawn"))
    }
}
