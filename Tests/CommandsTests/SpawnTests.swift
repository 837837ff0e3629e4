import Commands
import Files
import Model
import Operations
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct SpawnTests {
    private func environment(_ bench: Bench) -> [String: String] {
        ["TT_HOME": bench.folder.path("home"), "PATH": bench.folder.path("bin")]
    }

    /// A town in which the program `claude` is installed.
    private func bench() throws -> Bench {
        let bench = try Bench()
        try TestFiles.makeFolder(bench.folder.path("bin"))
        try bench.folder.write("#!/bin/sh\n", to: "bin/claude", mode: 0o700)
        return bench
    }

    @Test func `spawn registers the agent, says so and has a host started`() async throws {
        let bench = try bench()
        let result = await bench.tt(
            "spawn", "backend", "--role", "api", "--nickname", "Ada", "--max-rounds", "3",
            environment: environment(bench))
        let agent = try #require(try await bench.store.agents().first)
        #expect(result.exit == .done && result.error.isEmpty)
        #expect(
            result.output == """
                🤖 Spawned agent 'backend' using CLI 'claude'
                   ID: \(agent.id)
                   Nickname: Ada
                   Log: \(bench.folder.path)/.tt/logs/backend.log
                   It runs in the background. Give it work with: tt assign backend "…"

                """)
        #expect(agent.role == "api" && agent.maxTurns == 3 && agent.cli == "claude")
        #expect(bench.hostRequests == 1)
    }

    @Test(arguments: [
        (["spawn", "../x"], ExitCode.usage), (["spawn", "a'b"], .usage), (["spawn", "supervisor"], .usage),
        (["spawn", "x", "--role", "a\nb"], .usage), (["spawn", "x", "--nickname", ""], .usage),
        (["spawn", "x", "--parent", "nobody"], .notFound), (["spawn", "x", "--cli", "no-such-cli"], .notFound),
        (["spawn", "x", "--max-rounds", "-1"], .usage), (["spawn", "x", "--cli", "a | b"], .notFound),
    ])
    func `W22 what cannot be carried out leaves no agent behind`(arguments: [String], exit: ExitCode) async throws {
        let bench = try bench()
        let console = RecordingConsole()
        let code = await CommandLineFace(commands: CommandTable.all, version: "1")
            .run(arguments, parts: bench.parts(console, environment(bench)))
        #expect(code == exit)
        #expect(console.output.isEmpty && console.error.hasPrefix("error: "))
        #expect(try await bench.store.agents().isEmpty)
        #expect(bench.hostRequests == 0)
    }

    @Test func `a parent is named by any reference`() async throws {
        let bench = try bench()
        try await bench.spawn("chief")
        #expect(await bench.tt("spawn", "hand", "--parent", "chief", environment: environment(bench)).exit == .done)
        let agents = try await bench.store.agents()
        #expect(agents.last?.parent == agents.first?.id)
    }

    @Test func `the CLI is the one asked for, else the town's, else the user's, else claude`() async throws {
        let bench = try bench()
        let environment = environment(bench)
        try TestFiles.makeFolder(bench.folder.path("home"))
        try bench.folder.write("name = \"demo\"\n", to: "tinytown.toml")
        _ = await bench.tt("spawn", "a", environment: environment)
        try bench.folder.write("default_cli = \"codex\"\n", to: "home/config.toml")
        _ = await bench.tt("spawn", "b", environment: environment)
        try bench.folder.write("name = \"demo\"\ndefault_cli = \"gemini\"\n", to: "tinytown.toml")
        _ = await bench.tt("spawn", "c", environment: environment)
        _ = await bench.tt("spawn", "d", "--cli", "auggie", environment: environment)
        #expect(try await bench.store.agents().map(\.cli) == ["claude", "codex", "gemini", "auggie"])
    }

    @Test func `W24 a CLI with flags of its own is taken as it was written`() async throws {
        let bench = try bench()
        let result = await bench.tt("spawn", "a", "-c", "claude --model x", environment: environment(bench))
        #expect(result.exit == .done)
        #expect(try await bench.store.agents().map(\.cli) == ["claude --model x"])
    }

    @Test func `a program that is not installed is a warning, because it may be soon`() async throws {
        let bench = try bench()
        let result = await bench.tt("spawn", "a", "--cli", "codex", environment: environment(bench))
        #expect(result.exit == .done)
        #expect(result.error.contains("warning: 'codex' is not on your PATH"))
    }

    @Test func `a host that cannot be started is an error that says what was done`() async throws {
        let bench = try bench()
        let console = RecordingConsole()
        var parts = bench.parts(console, environment(bench))
        parts.ensureHost = { _ in throw OperationError(.unavailable, "no host", hint: "look there") }
        let exit = await CommandLineFace(commands: CommandTable.all, version: "1").run(["spawn", "a"], parts: parts)
        #expect(exit == .unavailable)
        #expect(
            console.error == "error: agent 'a' is registered, but nothing runs it: no host. Look there\n")
        #expect(try await bench.store.agents().count == 1)
    }

    @Test func `a new agent does not show the rounds of one that had its name`() async throws {
        let bench = try bench()
        try TestFiles.makeFolder(bench.folder.path(".tt"))
        try TestFiles.makeFolder(bench.folder.path(".tt/logs"))
        #expect(await bench.tt("spawn", "a_round_9", environment: environment(bench)).exit == .done)
        for name in ["a_round_1.log", "a_round_9.log", "a_round_12.log", "a_round_x.log", "a.log", "ab_round_1.log"] {
            try bench.folder.write("x", to: ".tt/logs/\(name)")
        }
        #expect(await bench.tt("spawn", "a", environment: environment(bench)).exit == .done)
        let left = ["a.log", "a_round_9.log", "a_round_x.log", "ab_round_1.log"]
        #expect(Files.names(in: bench.folder.path(".tt/logs")).sorted() == left)
    }

    @Test func `max_agents of the town holds`() async throws {
        let bench = try bench()
        try bench.folder.write("name = \"demo\"\nmax_agents = 1\n", to: "tinytown.toml")
        #expect(await bench.tt("spawn", "a", environment: environment(bench)).exit == .done)
        let second = await bench.tt("spawn", "b", environment: environment(bench))
        #expect(second.exit == .conflict && second.error.contains("max_agents"))
    }
}
