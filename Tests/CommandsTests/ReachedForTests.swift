import Commands
import FoundationEssentials
import Model
import Operations
import TestSupport
import Testing

/// Commands that people try because other programs have them.
@Suite(.timeLimit(.minutes(1))) struct ReachedForTests {
    @Test(arguments: [
        (["mission", "start", "--issue", "23"], "comes with missions"), (["townhall"], "comes with a later version"),
        (["run", "x"], "`tt assign AGENT TASK --wait`"), (["new"], "`tt init`"), (["rm", "backend"], "`tt kill NAME`"),
        (["team", "list"], "later version"), (["agent", "add"], "`tt spawn NAME`"),
        (["provider", "anthropic"], "default_cli"), (["broadcast", "x"], "`tt send all TEXT`"),
        (["help", "mission"], "comes with missions"),
    ])
    func `a word that is no command says what to use`(arguments: [String], words: String) async throws {
        let console = RecordingConsole()
        let code = await CommandLineFace(commands: CommandTable.all, version: "1").run(
            arguments, parts: try Bench().parts(console))
        #expect(code == .usage && console.output.isEmpty)
        #expect(console.error.contains(words) && console.error.split(separator: "\n").count == 1, "\(console.error)")
    }

    @Test(arguments: [
        ("ls", "list"), ("ps", "list"), ("up", "start"), ("down", "stop"), ("pause", "interrupt"), ("log", "logs"),
        ("continue", "resume"), ("usage", "costs"),
    ])
    func `other names of commands are understood and not listed`(alias: String, command: String) async throws {
        let bench = try Bench()
        #expect(await bench.tt(alias, "--help").output == (await bench.tt(command, "--help").output))
        #expect(await !bench.tt("--help").output.contains("  \(alias) "))
    }

    @Test func `pause holds an agent, and watch is the status that stays`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("pause", "worker", "--no-wait")
        #expect(try await bench.store.agents().first?.state == .paused)
        #expect(await bench.tt("watch").error.contains("needs a terminal"))
    }

    @Test(arguments: ["task", "backlog", "dead", "store"])
    func `a group without a command shows its help`(group: String) async throws {
        let bench = try Bench()
        let bare = await bench.tt(group)
        #expect(bare.exit == .usage && bare.error.isEmpty)
        #expect(bare.output == (await bench.tt(group, "--help").output) && bare.output.contains("Commands"))
        #expect(await bench.tt(group, "--json").error.contains("\"code\":\"usage\""))
    }

    @Test func `what does nothing yet is not offered`() async throws {
        let help = await (try Bench()).tt("--help").output
        for word in ["auth", "townhall", "tinyagi", "mission"] { #expect(!help.contains("  \(word) ")) }
    }

    // MARK: Waiting

    @Test(arguments: [
        ("complete", ExitCode.done, "completed"), ("fail", .failed, "failed"), ("cancel", .conflict, "was cancelled"),
    ])
    func `task wait returns when the task has ended, and its exit code tells how`(
        end: String, exit: ExitCode, words: String
    ) async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("assign", "worker", "Build it")
        let id = try #require(try await bench.store.tasks(TaskFilter(), page: Page()).first).id.description
        async let waiting = bench.tt("task", "wait", id)
        _ = await bench.tt("task", end, id, "--result", "because")
        let result = await waiting
        #expect(result.exit == exit && result.output.contains("Task \(id.prefix(8)) \(words)\n   Build it\n"))
        #expect(result.output.contains("   Result: because"))
        #expect(bench.hostRequests > 0, "a task of a town without a host would wait for ever")
    }

    @Test func `a task that is late is named with its state`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("assign", "worker", "Build it")
        let id = try #require(try await bench.store.tasks(TaskFilter(), page: Page()).first).id.description.prefix(8)
        let result = await bench.tt("task", "wait", String(id), "--timeout", "0")
        #expect(
            result.exit == .timedOut
                && result.error.contains("it is assigned. See what holds it up: tt task show \(id)"))
        #expect(await bench.tt("assign", "worker", "x", "--timeout", "5").exit == .usage)
    }

    @Test func `assign --wait gives the task and returns with its end`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        async let waiting = bench.tt("assign", "worker", "Build it", "--wait", "--json")
        var task: AgentTask?
        while task == nil {
            task = try await bench.store.tasks(TaskFilter(), page: Page()).first
            await Task.yield()
        }
        _ = await bench.tt("task", "fail", try #require(task).id.description, "--result", "no access")
        let result = await waiting
        #expect(result.exit == .failed && result.output.split(separator: "\n").count == 1)
        #expect(result.output.contains("\"state\":\"failed\"") && result.error.contains("\"code\":\"task_failed\""))
    }

    // MARK: Agents

    @Test func `restart --cli gives an agent another CLI, paused or stopped`() async throws {
        let bench = try Bench()
        try TestFiles.makeFolder(bench.folder.path("bin"))
        for name in ["claude", "codex"] { try bench.folder.write("#!/bin/sh\n", to: "bin/\(name)", mode: 0o700) }
        let environment = ["TT_HOME": bench.folder.path("home"), "PATH": bench.folder.path("bin")]
        try await bench.spawn("worker")
        let id = try #require(try await bench.store.agents().first).id
        _ = try await bench.store.change(id, .interrupt(reason: "'claude' is missing"), now: bench.town.time.now())
        let paused = await bench.tt("restart", "worker", "--cli", "codex", environment: environment)
        let first = try #require(try await bench.store.agent(id))
        #expect(paused.exit == .done && first.cli == "codex" && first.state == .idle && first.attention == nil)
        _ = await bench.tt("kill", "worker")
        _ = await bench.tt("restart", "worker", "--cli", "claude", environment: environment)
        let second = try #require(try await bench.store.agent(id))
        #expect(second.cli == "claude" && second.state == .starting)
        #expect(await bench.tt("restart", "worker", "--cli", "nope", environment: environment).exit == .notFound)
        #expect(await bench.tt("restart", "worker", environment: environment).exit == .conflict)
    }

    @Test func `an agent without a CLI named gets one that is installed, and people learn which`() async throws {
        let bench = try Bench()
        try bench.folder.write("name = \"demo\"\n", to: "tinytown.toml")
        try TestFiles.makeFolder(bench.folder.path("bin"))
        let environment = ["TT_HOME": bench.folder.path("home"), "PATH": bench.folder.path("bin")]
        let none = await bench.tt("spawn", "one", environment: environment)
        #expect(none.output.contains("using CLI 'claude'") && none.output.contains("No agent CLI is installed yet"))
        for name in ["codex", "opencode"] { try bench.folder.write("#!/bin/sh\n", to: "bin/\(name)", mode: 0o700) }
        let found = await bench.tt("spawn", "two", environment: environment)
        #expect(found.output.contains("using CLI 'codex'") && found.output.contains("(also: opencode)"))
        #expect(found.output.contains("tt config default_cli NAME"))
        let asked = await bench.tt("spawn", "three", "--cli", "opencode", environment: environment)
        #expect(!asked.output.contains("default_cli"), "a choice needs no explanation")
    }

    @Test func `a message to all reaches every agent once and not its sender`() async throws {
        let bench = try Bench()
        for name in ["one", "two", "gone"] { try await bench.spawn(name) }
        _ = await bench.tt("kill", "gone")
        for _ in 0..<2 { _ = await bench.tt("send", "all", "--info", "Port 8081", "--key", "port") }
        let counts = try await bench.store.waitingCounts()
        #expect(counts.count == 2 && counts.values.allSatisfy { $0["informational"] == 1 })
        let from = await bench.tt("send", "everyone", "hello", "--from", "one")
        #expect(from.output.contains("to 'two' (from one)") && !from.output.contains("to 'one'"))
        #expect(try await Bench().tt("send", "all", "x").exit == .notFound)
    }
}
