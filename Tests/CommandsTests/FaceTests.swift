import Arguments
import Commands
import Configuration
import Model
import Operations
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct FaceTests {
    @Test func `help and version touch no file and open no store`() async throws {
        for arguments in [["--help"], ["--version"], ["help", "task", "complete"], ["send", "--help"], ["version"]] {
            let console = RecordingConsole()
            let parts = CommandParts(
                console: console, environment: [:], folder: "/nowhere", time: StillTime(),
                random: SeededRandomness(seed: 1), janitor: UnknownHosts(),
                openStore: { _, _, _ in throw OperationError(.failed, "opened") },
                ensureHost: { _ in })
            let exit = await CommandLineFace(commands: CommandTable.all, version: "9.9.9").run(arguments, parts: parts)
            #expect(exit == .done && console.error.isEmpty && !console.output.isEmpty, "\(arguments)")
        }
        let bench = try Bench()
        #expect(await bench.tt("--version").output == "tt 9.9.9\n")
        #expect(await bench.tt("--version", "--json").output == "{\"name\":\"tt\",\"version\":\"9.9.9\"}\n")
    }

    @Test func `every command has a summary and every visible one an example or subcommands`() {
        func check(_ spec: CommandSpec) {
            #expect(!spec.summary.isEmpty && !spec.summary.hasSuffix("."), "\(spec.name)")
            if !spec.isHidden, spec.name != "version" {
                #expect(!spec.examples.isEmpty, "\(spec.name) has no example")
            }
            for example in spec.examples { #expect(example.line.contains("tt "), "\(example.line)") }
            spec.subcommands.forEach(check)
        }
        check(CommandLineFace(commands: CommandTable.all, version: "1").root)
    }

    @Test func `a misspelt command gets a suggestion, one line on standard error and exit code 2`() async throws {
        let result = try await Bench().tt("statsu")
        #expect(result.exit == .usage && result.output.isEmpty)
        #expect(result.error == "error: unknown command 'statsu'; did you mean 'status'? See: tt --help\n")
    }

    @Test(arguments: [
        ([], ExitCode.usage), (["list"], .done), (["list", "--nope"], .usage), (["send", "nobody", "x"], .notFound),
        (["send", "supervisor", " "], .usage), (["task", "show", "abcd"], .notFound),
        (["task", "show", "xyz"], .usage), (["send", "a", "b", "--info", "--query"], .usage),
        (["inbox", "--take", "worker"], .conflict), (["task", "list", "--state", "nearly"], .usage),
        (["backlog", "claim", "abcd"], .usage), (["dead", "retry"], .usage), (["dead", "show", "abcd"], .notFound),
        (["help", "nope"], .usage), (["logs", "worker"], .notFound),
        (["attach", "nobody"], .notFound),
    ])
    func `each kind of failure has its exit code and says nothing on standard output`(
        arguments: [String], exit: ExitCode
    ) async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        let console = RecordingConsole()
        let code = await CommandLineFace(commands: CommandTable.all, version: "1").run(
            arguments, parts: bench.parts(console))
        #expect(code == exit)
        if exit != .done, !arguments.isEmpty {
            #expect(console.output.isEmpty)
            #expect(console.error.hasPrefix("error: ") && console.error.split(separator: "\n").count == 1)
        }
    }

    @Test func `an error says what to do once, as a sentence of its own`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        let environment = ["TT_HOME": bench.folder.path("home"), "PATH": "/nowhere"]
        let taken = await bench.tt("spawn", "worker", environment: environment).error
        #expect(
            taken.hasSuffix(
                "error: there is already an agent named 'worker'. Choose another name, or stop the agent that has it: "
                    + "tt kill NAME\n"), "\(taken)")
        #expect(OperationError(StoreError(.corrupt, "it is damaged; restore a copy")).remedies.isEmpty)
        #expect(OperationError(StoreError(.corrupt, "it is damaged")).remedies.count == 1)
    }

    @Test func `numbers and nouns agree`() {
        #expect(1.of("agent") == "1 agent" && 2.of("agent") == "2 agents" && 0.of("agent") == "0 agents")
    }

    @Test func `with --json an error is one JSON object on standard error`() async throws {
        let bench = try Bench()
        let result = await bench.tt("send", "nobody", "x", "--json")
        #expect(result.exit == .notFound && result.output.isEmpty)
        #expect(
            result.error == "{\"error\":{\"code\":\"not_found\",\"hint\":\"there are no agents yet; add one with: "
                + "tt spawn NAME\",\"message\":\"there is no agent 'nobody'\"}}\n")
        #expect(await bench.tt("--json", "statsu").error.hasPrefix("{\"error\":{\"code\":\"usage\""))
    }

    @Test(arguments: [
        (StoreError.Code.busy, ExitCode.unavailable), (.full, .unavailable), (.newerVersion, .unavailable),
        (.taskNotFound, .notFound), (.nameTaken, .conflict), (.illegalMove, .conflict),
    ])
    func `an error of the store becomes an exit code`(code: StoreError.Code, exit: ExitCode) {
        #expect(CommandFailure(StoreError(code, "x")).exit == exit)
    }

    @Test func `outside a town the command says how to make one`() async throws {
        let console = RecordingConsole()
        let bench = try Bench()
        var parts = bench.parts(console)
        parts.folder = "/"
        let exit = await CommandLineFace(commands: CommandTable.all, version: "1").run(["list"], parts: parts)
        #expect(exit == .notFound && console.error.contains("tt init"))
    }
}
