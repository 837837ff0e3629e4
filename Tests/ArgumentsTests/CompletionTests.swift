import Arguments
import Dispatch
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

private func isInstalled(_ shell: String) -> Bool {
    ["/usr/local/bin/", "/usr/bin/", "/bin/"].contains { access($0 + shell, X_OK) == 0 }
}

private func quoted(_ word: String) -> String { "'\(word)'" }

/// In place of the program: candidates that show with which kind and prefix it was asked.
private let program = """
    tt() { if [ "$1" = __complete ]; then echo "$3$2-1"; echo "$3$2-2"; fi; }

    """

/// What bash offers for the last of `words`, which are those that readline would hand over.
private func bash(_ words: [String], before: String = "") async throws -> [String] {
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
/// The program is a file of the search path here, since zsh ties variables of bash scripts such as `path` to that path.
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
private func fish(_ line: String) async throws -> [String] {
    let text = """
        function tt; test "$argv[1]" = __complete; and printf '%s\\n' $argv[3]$argv[2]-1 $argv[3]$argv[2]-2; end
        \(script.script(for: .fish))
        complete -C \(quoted(line))
        """
    let ended = try await run(["fish", "--no-config", "-c", text])
    return ended.lines.map { String($0.prefix { $0 != "\t" }) }
}

@Suite(.timeLimit(.minutes(1))) struct BashCompletion {
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
        (["tt", "spawn", ""], []),
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
    }

    @Test func `a program that fails offers nothing and says nothing`() async throws {
        let before = "tt() { echo broken >&2; return 1; }"
        #expect(try await bash(["tt", "task", "show", ""], before: before) == [])
    }
}

@Suite(.timeLimit(.minutes(1)), .enabled(if: isInstalled("zsh"), "needs zsh")) struct ZshCompletion {
    @Test func `zsh finds no fault in the script`() async throws {
        let ended = try await run(["zsh", "-f", "-n", "-c", script.script(for: .zsh)])
        #expect(ended.code == 0 && ended.output.isEmpty, "\(ended.output)")
    }

    @Test(arguments: [
        (["tt", ""], ["spawn", "task"]),
        (["tt", "task", ""], ["give", "show"]),
        (["tt", "spawn", "--cli", ""], ["claude", "codex"]),
        (["tt", "spawn", "--"], ["--cli", "--foreground", "--json", "--town"]),
    ])
    func `zsh offers what is declared`(words: [String], offered: [String]) async throws {
        #expect(try await zsh(words) == offered)
    }

    @Test(arguments: [["tt", "task", "show", ""], ["tt", "task", "give", "bob", ""]])
    func `zsh asks the program by position`(words: [String]) async throws {
        let offered = try await zsh(words)
        withKnownIssue("the script's local `path` empties zsh's search path, so the program is not found") {
            #expect(offered == ["tasks-1", "tasks-2"])
        }
    }
}

@Suite(.timeLimit(.minutes(1)), .enabled(if: isInstalled("fish"), "needs fish")) struct FishCompletion {
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
        let found = try await fish("tt spawn --cli ")
        #expect(found.contains("claude") && found.contains("codex"))
        withKnownIssue("a value is asked for by -r, which lets files in; -x would not") {
            #expect(found == ["claude", "codex"])
        }
    }

    @Test(arguments: [
        ("tt --town /x task ", ["give", "show"]),
        ("tt task show ", ["tasks-1", "tasks-2"]),
        ("tt task give ", ["agents-1", "agents-2"]),
        ("tt task give bob ", ["tasks-1", "tasks-2"]),
    ])
    func `fish offers what belongs to this place only`(line: String, offered: [String]) async throws {
        let found = try await fish(line)
        withKnownIssue("the condition looks at the first words only, and counts the values of options") {
            #expect(found == offered, "\(line): \(found)")
        }
    }
}

/// Where bash's walk over the words is too simple.
@Suite(.timeLimit(.minutes(1))) struct BashCompletionLimits {
    @Test(arguments: [["tt", "task", "show", "--town", "/x", ""], ["tt", "task", "show", "-t", "/x", ""]])
    func `an option's value is no positional`(words: [String]) async throws {
        let offered = try await bash(words)
        withKnownIssue("the values of options are counted") { #expect(offered == ["tasks-1", "tasks-2"]) }
    }

    @Test func `an option's value is no command`() async throws {
        let offered = try await bash(["tt", "--town", "spawn", ""])
        withKnownIssue("a value that is called like a command is taken for it") {
            #expect(offered == ["spawn", "task"])
        }
    }

    @Test(arguments: [(["="], ["claude", "codex"]), (["=", "co"], ["codex"])])
    func `a value behind an equals sign is offered`(rest: [String], values: [String]) async throws {
        let offered = try await bash(["tt", "spawn", "--cli"] + rest)
        withKnownIssue("readline hands the equals sign over as a word, which is not looked for") {
            #expect(offered == values)
        }
    }

    @Test func `words behind a double dash are positionals`() async throws {
        let offered = try await bash(["tt", "task", "give", "--", "-bob", ""])
        withKnownIssue("words with a dash are never counted") { #expect(offered == ["tasks-1", "tasks-2"]) }
    }
}
