import Arguments
import Dispatch
import TestOrder
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

private let tree = CommandSpec(
    "tt", "Run teams of agents",
    subcommands: [
        CommandSpec(
            "spawn", "Create the town's agent",
            options: [
                .value("cli", "c", "CLI", "what runs it", completion: .values(["claude", "codex"])),
                .flag("foreground", "f", "run it here"),
            ],
            positionals: [Positional("NAME", .one, "the agent's name")]),
        CommandSpec(
            "task", "Tasks",
            subcommands: [
                CommandSpec(
                    "show", "Show one",
                    positionals: [Positional("TASK", .optional, "its id", completion: .dynamic("tasks"))]),
                CommandSpec(
                    "give", "Give tasks away",
                    positionals: [
                        Positional("AGENT", .one, "to whom", completion: .dynamic("agents")),
                        Positional("TASK", .many, "their ids", completion: .dynamic("tasks")),
                    ]),
            ]),
        CommandSpec("secret", "Hidden", isHidden: true),
    ])
private let script = CompletionScript(
    program: "tt", root: tree,
    globals: [
        .value("town", "t", "PATH", "the town's folder", completion: .folder), .flag("json", nil, "print JSON"),
    ])

/// What a shell wrote to its standard output, and how it ended.
private struct Ended {
    var output: String
    var code: Int32
    var lines: [String] { output.split(separator: "\n").map(String.init).sorted() }
}

/// Runs a program of the search path to its end, on a queue of its own since reading a pipe blocks.
private func run(_ words: [String]) async throws -> Ended {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "shell").async { continuation.resume(with: Result { try runBlocking(words) }) }
    }
}

private func runBlocking(_ words: [String]) throws -> Ended {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var arguments = words.map { strdup($0) } + [nil]
    // No user's settings: fish wants a home, and one that does not exist will do.
    let settings: [String] = ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C"]
    var environment = settings.map { strdup($0) } + [nil]
    defer { for word in arguments + environment { free(word) } }
    var id = pid_t()
    let result = posix_spawnp(&id, words[0], &actions, nil, &arguments, &environment)
    close(ends[1])
    defer { _ = close(ends[0]) }
    try #require(result == 0, "\(words[0]) does not start")
    var output: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: 4096)
    while case let count = read(ends[0], &bytes, bytes.count), count > 0 { output += bytes.prefix(count) }
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    // An end by a signal shows as 128 and the signal's number, as in shells.
    let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    return Ended(output: String(decoding: output, as: UTF8.self), code: code)
}

/// In CI a shell that is missing fails.
private func isInstalled(_ shell: String) -> Bool {
    isCI || ["/usr/local/bin/", "/usr/bin/", "/bin/"].contains { access($0 + shell, X_OK) == 0 }
}

private func quoted(_ word: String) -> String { "'\(word)'" }

/// In place of the program: candidates that show with which kind and prefix it was asked.
private let program = """
    tt() { if [ "$1" = __complete ]; then echo "$3$2-1"; echo "$3$2-2"; fi; }

    """

/// What bash offers for the last of `words`, which are those that readline would hand over.
private func bash(
    _ words: [String], before: String = "", script: CompletionScript = script
) async throws -> [String] {
    let text =
        program + script.script(for: .bash) + before
            + """

            COMP_WORDS=(\(words.map(quoted).joined(separator: " "))); COMP_CWORD=\(words.count - 1)
            _tt_complete
            for found in "${COMPREPLY[@]}"; do echo "$found"; done
            """
    let ended = try await run(["bash", "--norc", "-c", text])
    try #require(ended.code == 0, "\(ended.output)")
    return ended.lines
}

/// What zsh is told by its own emulation of bash; the line editor, not the script, leaves out other prefixes there.
///
/// The program is a file of the search path here: zsh ties variables such as `path` to it, so a script can lose it.
private func zsh(_ words: [String]) async throws -> [String] {
    let text =
        """
        scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT; PATH="$scratch:$PATH"
        printf '#!/bin/sh\\necho "$3$2-1"; echo "$3$2-2"\\n' > "$scratch/tt"; chmod 755 "$scratch/tt"
        compdef() { }
        \(script.script(for: .zsh))
        offer() {
            local -a words COMP_WORDS COMPREPLY
            local CURRENT COMP_CWORD
            words=(\(words.map(quoted).joined(separator: " "))); CURRENT=\(words.count)
            COMP_WORDS=("${words[@]}"); COMP_CWORD=$((CURRENT - 1))
            compgen -F _tt_complete -- "${words[CURRENT]}"
        }
        offer
        """
    return try await run(["zsh", "-f", "-c", text]).lines
}

/// What fish offers at the end of `line`, without the descriptions.
private func fish(_ line: String, before: String = "") async throws -> [String] {
    try await fishLines(line, before: before).map { String($0.prefix { $0 != "\t" }) }
}

private func fishLines(
    _ line: String, before: String = "", script: CompletionScript = script
) async throws -> [String] {
    let text = """
        function tt; test "$argv[1]" = __complete; and printf '%s\\n' $argv[3]$argv[2]-1 $argv[3]$argv[2]-2; end
        \(script.script(for: .fish))
        \(before)
        complete -C \(quoted(line))
        """
    return try await run(["fish", "--no-config", "-c", text]).lines
}

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct BashCompletion {
    @Test func `bash finds no fault in the script`() async throws {
        let ended = try await run(["bash", "-n", "-c", script.script(for: .bash)])
        #expect(ended.code == 0 && ended.output.isEmpty, "\(ended.output)")
    }

    @Test func `the script registers its function for the program`() async throws {
        let ended = try await run(["bash", "--norc", "-c", script.script(for: .bash) + "complete -p tt"])
        #expect(ended.lines == ["complete -o default -F _tt_complete tt"])
    }

    @Test(arguments: [
        (["tt", ""], ["spawn", "task"]),
        (["tt", "sp"], ["spawn"]),
        (["tt", "se"], []),
        (["tt", "task", ""], ["give", "show"]),
        (["tt", "--json", "task", "s"], ["show"]),
        (["tt", "--town", "/x", "task", ""], ["give", "show"]),
        (["tt", "--"], ["--json", "--town"]),
        (["tt", "spawn", "--"], ["--cli", "--foreground", "--json", "--town"]),
        (["tt", "spawn", "bob", "--f"], ["--foreground"]),
        (["tt", "spawn", "--cli", ""], ["claude", "codex"]),
        (["tt", "spawn", "-c", "co"], ["codex"]),
        (["tt", "spawn", "-f", "--cli", "cl"], ["claude"]),
        (["tt", "spawn", "-fc", "cl"], ["claude"]),
        (["tt", "spawn", "-cf", ""], []),
        (["tt", "spawn", ""], []),
        (["tt", "nonsense", ""], []),
        (["tt", "task/show", ""], []),
        (["tt", "--", ""], []),
    ])
    func `bash offers what is declared`(words: [String], offered: [String]) async throws {
        #expect(try await bash(words) == offered)
    }

    @Test(arguments: [
        (["tt", "task", "show", ""], ["tasks-1", "tasks-2"]),
        (["tt", "task", "show", "a"], ["atasks-1", "atasks-2"]),
        (["tt", "task", "show", "one", ""], []),
        (["tt", "task", "give", ""], ["agents-1", "agents-2"]),
        (["tt", "task", "give", "bob", ""], ["tasks-1", "tasks-2"]),
        (["tt", "task", "give", "bob", "one", "two", ""], ["tasks-1", "tasks-2"]),
        (["tt", "task", "give", "--json", "bob", ""], ["tasks-1", "tasks-2"]),
        (["tt", "task", "give", "task", ""], ["tasks-1", "tasks-2"]),
        (["tt", "task", "give", "-1", ""], ["tasks-1", "tasks-2"]),
        (["tt", "task", "give", "-", ""], ["tasks-1", "tasks-2"]),
        (["tt", "task", "give", "KEY", "=", "a", ""], ["tasks-1", "tasks-2"]),
    ])
    func `bash asks the program by position`(words: [String], offered: [String]) async throws {
        #expect(try await bash(words) == offered)
    }

    @Test func `bash offers folders and no files where a folder is meant`() async throws {
        let before = """
            scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT; cd "$scratch"; mkdir town; : > towel
            """
        #expect(try await bash(["tt", "--town", "to"], before: before) == ["town"])
        #expect(try await bash(["tt", "spawn", "-t", "to"], before: before) == ["town"])
        #expect(try await bash(["tt", "--town", "=", "to"], before: before) == ["town"])
        #expect(try await bash(["tt", "--town", "~/to"], before: before + "; HOME=$scratch") == ["~/town"])
    }

    @Test func `a candidate with a colon is put in behind the part that readline leaves alone`() async throws {
        let before = "tt() { echo bob:1; echo bob:2; echo eve:1; }"
        #expect(try await bash(["tt", "task", "show", "bob", ":"], before: before) == ["1", "2"])
        #expect(try await bash(["tt", "task", "show", "bob", ":", "2"], before: before) == ["2"])
        #expect(try await bash(["tt", "task", "show", "b"], before: before) == ["bob:1", "bob:2"])
    }

    @Test func `a candidate is one word and is never run`() async throws {
        let before = #"tt() { echo 'a $(echo b >&2) "c"'; }"#
        #expect(try await bash(["tt", "task", "show", ""], before: before) == [#"a\ \$\(echo\ b\ \>\&2\)\ \"c\""#])
    }

    @Test func `what takes many words takes all that follow`() async throws {
        let root = CommandSpec(
            "tt", "Run teams of agents",
            positionals: [
                Positional("TASK", .many, "some", completion: .values(["one", "two words"])),
                Positional("AGENT", .one, "never reached", completion: .values(["bob"])),
            ])
        let script = CompletionScript(program: "tt", root: root, globals: [])
        for words in [["tt", ""], ["tt", "a", ""], ["tt", "a", "b", "c", ""]] {
            #expect(try await bash(words, script: script) == ["one", #"two\ words"#])
        }
    }

    @Test func `a program that fails offers nothing and says nothing`() async throws {
        let before = "tt() { echo broken >&2; return 1; }"
        #expect(try await bash(["tt", "task", "show", ""], before: before) == [])
    }
}

@Suite(.timeLimit(.minutes(1)), .enabled(if: isInstalled("zsh"), "needs zsh"), .serialized, .queued)
struct ZshCompletion {
    @Test func `zsh finds no fault in the script`() async throws {
        let ended = try await run(["zsh", "-f", "-n", "-c", script.script(for: .zsh)])
        #expect(ended.code == 0 && ended.output.isEmpty, "\(ended.output)")
    }

    @Test(arguments: [
        (["tt", ""], ["spawn", "task"]),
        (["tt", "task", ""], ["give", "show"]),
        (["tt", "spawn", "--cli", ""], ["claude", "codex"]),
        (["tt", "spawn", "--cli=co"], ["--cli=codex"]),
        (["tt", "--town", "spawn", "ta"], ["task"]),
        (["tt", "--town", "/bi"], ["/bin"]),
        (["tt", "spawn", "--town=/bi"], ["--town=/bin"]),
        (["tt", "spawn", "--"], ["--cli", "--foreground", "--json", "--town"]),
    ])
    func `zsh offers what is declared`(words: [String], offered: [String]) async throws {
        #expect(try await zsh(words) == offered)
    }

    @Test(arguments: [["tt", "task", "show", ""], ["tt", "task", "give", "bob", ""]])
    func `zsh asks the program by position`(words: [String]) async throws {
        #expect(try await zsh(words) == ["tasks-1", "tasks-2"])
    }
}

@Suite(.timeLimit(.minutes(1)), .enabled(if: isInstalled("fish"), "needs fish"), .serialized, .queued)
struct FishCompletion {
    @Test func `fish finds no fault in the script`() async throws {
        let ended = try await run(["fish", "--no-config", "-n", "-c", script.script(for: .fish)])
        #expect(ended.code == 0 && ended.output.isEmpty, "\(ended.output)")
    }

    @Test(arguments: [
        ("tt ", ["spawn", "task"]),
        ("tt sp", ["spawn"]),
        ("tt task ", ["give", "show"]),
        ("tt --json task ", ["give", "show"]),
        ("tt spawn --cli=co", ["--cli=codex"]),
        ("tt spawn -c co", ["codex"]),
        ("tt spawn --f", ["--foreground"]),
        ("tt spawn --j", ["--json"]),
    ])
    func `fish offers what is declared`(line: String, offered: [String]) async throws {
        #expect(try await fish(line) == offered)
    }

    @Test func `fish offers no files where values are declared`() async throws {
        #expect(try await fish("tt spawn --cli ") == ["claude", "codex"])
    }

    @Test func `fish offers folders and no files where a folder is meant`() async throws {
        let before = """
            set scratch (mktemp -d); trap 'rm -rf $scratch' EXIT; cd $scratch; mkdir town; echo > towel
            """
        #expect(try await fish("tt --town to", before: before) == ["town/"])
        #expect(try await fish("tt spawn -t to", before: before) == ["town/"])
        #expect(try await fish("tt spawn --town=to", before: before) == ["--town=town/"])
    }

    @Test func `fish shows help texts as they are, and values as one word`() async throws {
        let help = #"splits at \ and the town's \'"#
        let root = CommandSpec(
            "tt", "Run teams of agents",
            subcommands: [
                CommandSpec("cut", help, options: [.value("at", nil, "X", help, completion: .values(["a b"]))])
            ])
        let script = CompletionScript(program: "tt", root: root, globals: [])
        #expect(try await fishLines("tt cu", script: script) == ["cut\t" + help])
        #expect(try await fishLines("tt cut --a", script: script) == ["--at\t" + help])
        #expect(try await fishLines("tt cut --at ", script: script) == ["a b\t" + help])
    }

    @Test(arguments: [
        ("tt --town /x task ", ["give", "show"]),
        ("tt task show ", ["tasks-1", "tasks-2"]),
        ("tt task give ", ["agents-1", "agents-2"]),
        ("tt task give bob ", ["tasks-1", "tasks-2"]),
        ("tt task give bob one two ", ["tasks-1", "tasks-2"]),
        ("tt task show a", ["atasks-1", "atasks-2"]),
        ("tt task show one ", []),
        ("tt task show --town /x ", ["tasks-1", "tasks-2"]),
        ("tt task show -t /x ", ["tasks-1", "tasks-2"]),
        ("tt --town spawn ", ["spawn", "task"]),
        ("tt spawn -fc co", ["codex"]),
        ("tt spawn ", []),
        ("tt nonsense ", []),
        ("tt -- ", []),
        ("tt task give -- -bob ", ["tasks-1", "tasks-2"]),
        ("tt task give -1 ", ["tasks-1", "tasks-2"]),
        ("tt task give - ", ["tasks-1", "tasks-2"]),
        ("tt spawn --help ", []),
    ])
    func `fish offers what belongs to this place only`(line: String, offered: [String]) async throws {
        #expect(try await fish(line) == offered)
    }
}

/// Where a walk over the words must know more than the words.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct BashCompletionWalk {
    @Test(arguments: [["tt", "task", "show", "--town", "/x", ""], ["tt", "task", "show", "-t", "/x", ""]])
    func `an option's value is no positional`(words: [String]) async throws {
        #expect(try await bash(words) == ["tasks-1", "tasks-2"])
    }

    @Test func `an option's value is no command`() async throws {
        #expect(try await bash(["tt", "--town", "spawn", ""]) == ["spawn", "task"])
    }

    @Test(arguments: [(["="], ["claude", "codex"]), (["=", "co"], ["codex"])])
    func `a value behind an equals sign is offered`(rest: [String], values: [String]) async throws {
        #expect(try await bash(["tt", "spawn", "--cli"] + rest) == values)
    }

    @Test func `words behind a double dash are positionals`() async throws {
        #expect(try await bash(["tt", "task", "give", "--", "-bob", ""]) == ["tasks-1", "tasks-2"])
    }
}
