import Configuration
import FoundationEssentials
import Model
import SQLiteStore
import TestSupport
import Testing

@testable import Commands

@Suite(.timeLimit(.minutes(1))) struct DoctorTests {
    private struct Answer: Decodable {
        struct One: Decodable {
            var id: String
            var severity: String
            var hint: String
        }
        var findings: [One]
        var ok: Bool
        var ids: [String] { findings.map(\.id) }
    }

    private func environment(_ bench: Bench) -> [String: String] {
        ["HOME": bench.folder.path, "TT_HOME": bench.folder.path("home"), "PATH": bench.folder.path("bin")]
    }

    private func doctor(_ bench: Bench) async throws -> (Answer, ExitCode) {
        let result = await bench.tt("doctor", "--json", environment: environment(bench))
        return (try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8)), result.exit)
    }

    /// A program in the town's `bin` folder.
    private func program(_ bench: Bench, _ name: String, _ script: String) throws {
        try FileManager.default.createDirectory(
            atPath: bench.folder.path("bin"), withIntermediateDirectories: true)
        _ = try bench.folder.write("#!/bin/sh\n\(script)\n", to: "bin/\(name)", mode: 0o700)
    }

    @Test func `a town in order has no warnings, and tells which CLI it found`() async throws {
        let bench = try Bench()
        try program(bench, "claude", "echo 1.2.3; echo more")
        let result = await bench.tt("doctor", environment: environment(bench))
        #expect(result.output.hasPrefix("🩺 Town 'demo' and its machine\n   ✅ machine: "))
        #expect(result.output.contains("   ✅ claude: 1.2.3 (\(bench.folder.path("bin/claude")))\n"))
        #expect(result.exit == .done && result.output.hasSuffix("✅ Nothing is wrong.\n"), "\(result.output)")
    }

    @Test func `each problem has its id, severity and fix, and the exit code says so`() async throws {
        let bench = try Bench()
        _ = try bench.folder.write(
            """
            name = "demo"
            max_agnts = 3
            [agent]
            turn_timeout_secs = 0
            [agent_clis.mine.env]
            SERVICE_API_KEY = "abc"
            [agent_clis.mine]
            command = "nowhere --flag"
            [townhall]
            bind = "0.0.0.0"
            """, to: "tinytown.toml")
        for folder in [".git", ".tt"] {
            try FileManager.default.createDirectory(
                atPath: bench.folder.path(folder), withIntermediateDirectories: true)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: bench.folder.path(".tt"))
        let (answer, exit) = try await doctor(bench)
        #expect(exit == .failed && !answer.ok)
        for id in [
            "town.unknown_key", "settings.no_turn_limit", "settings.secret_in_file", "settings.open_townhall",
            "files.open", "town.not_ignored", "cli.missing",
        ] {
            let finding = answer.findings.first { $0.id == id }
            #expect(finding?.hint.isEmpty == false, "\(id)")
        }
        #expect(answer.findings.first?.severity == "error", "the worst comes first")
        _ = try bench.folder.write("name = \n", to: "tinytown.toml")
        #expect(try await doctor(bench).0.ids.contains("town.configuration_invalid"))
    }

    @Test func `work that does not go on by itself is found, and looking changes nothing`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        try await bench.spawn("gone")
        _ = await bench.tt("assign", "worker", "a")
        _ = await bench.tt("assign", "gone", "b")
        _ = await bench.tt("kill", "gone")
        let now = StillTime().now()
        let agents = try await bench.store.agents()
        let host = Host(
            id: HostID(high: 1, low: 2), machine: "m", process: "4711:99", startedAt: now, expiresAt: now,
            isForeground: false)
        try await bench.store.announce(host, now: now)
        _ = try await bench.store.lease(
            LeaseRequest(agent: agents[0].id, host: host.id, turn: TurnID(high: 1, low: 1), now: now))
        _ = await bench.tt("interrupt", "worker", "--reason", "look")
        let before = try await bench.store.latestEvents(limit: 100, filter: EventFilter())
        let requests = bench.hostRequests
        let ids = try await doctor(bench).0.ids
        for id in ["host.stale", "lease.stale", "agent.attention", "task.orphaned"] { #expect(ids.contains(id)) }
        #expect(!ids.contains("host.missing"), "the only work is leased")
        #expect(try await bench.store.latestEvents(limit: 100, filter: EventFilter()) == before)
        #expect(bench.hostRequests == requests, "a look starts nothing")
    }

    @Test func `the advice for a CLI that is missing helps when it is followed`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        try program(bench, "codex", "echo 1")
        let answer = try await doctor(bench).0
        let missing = try #require(answer.findings.first { $0.id == "cli.missing" })
        #expect(missing.hint == "install it, or choose another: tt restart worker --cli codex")
        #expect(await bench.tt("restart", "worker", "--cli", "codex", environment: environment(bench)).exit == .done)
        #expect(try await bench.store.agents().first?.cli == "codex")
        // The town's file names the CLI of new agents; the user's own default would change nothing.
        let next = try #require(try await doctor(bench).0.findings.first { $0.id == "cli.missing" })
        #expect(next.hint == "install it, or choose another: set default_cli = \"codex\" in tinytown.toml")
        _ = try bench.folder.write("name = \"demo\"\ndefault_cli = \"codex\"\n", to: "tinytown.toml")
        #expect(try await !doctor(bench).0.ids.contains("cli.missing"))
    }

    @Test func `a CLI that does not answer, or that an agent names and nobody knows, is found`() async throws {
        let bench = try Bench()
        try program(bench, "claude", "exit 3")
        #expect(try await doctor(bench).0.ids.contains("cli.silent"))
        var agent = Agent(id: AgentID(high: 1, low: 1), name: "odd", cli: "no-such-cli", createdAt: StillTime().now())
        agent.state = .idle
        try await bench.store.register(agent, maxAgents: 10)
        let finding = try await doctor(bench).0.findings.first { $0.id == "cli.unknown" }
        #expect(finding?.severity == "error")
    }

    @Test func `a damaged store is found, and a whole one is not blamed`() async throws {
        let folder = try ScratchFolder()
        let store = try await SQLiteStore.open(folder: folder.path)
        for number in 0..<200 {
            let agent = Agent(
                id: AgentID(high: 5, low: UInt64(number)), name: "a\(number)", cli: "x", createdAt: StillTime().now())
            try await (store as any Store).register(agent, maxAgents: 1000)
        }
        #expect(try await store.check().isEmpty)
        await store.close()
        var bytes = try Data(contentsOf: URL(filePath: folder.path("town.db")))
        for index in 20_000..<40_000 where index < bytes.count { bytes[index] = 0x5A }
        try bytes.write(to: URL(filePath: folder.path("town.db")))
        var problems: [String] = []
        do throws(StoreError) {
            let damaged = try await SQLiteStore.open(folder: folder.path)
            problems = try await damaged.check()
            await damaged.close()
        } catch {
            problems = [error.message]
        }
        #expect(!problems.isEmpty)
    }

    @Test func `what follows from the machine is as the page says`() {
        var facts = MachineFacts()
        (facts.system, facts.release, facts.freeSpace) = ("Linux", "6.1.0-18-amd64", 5_000_000_000)
        facts.now = StillTime().now()
        #expect(facts.findings.isEmpty)
        (facts.release, facts.freeSpace, facts.mostFiles, facts.isRoot) = ("4.19.0", 50_000_000, 256, true)
        facts.newestEvent = facts.now + .seconds(7200)
        #expect(
            facts.findings.map(\.problem) == [.kernelOld, .diskFull, .clockWrong, .fewFiles, .isRoot])
        facts.freeSpace = 500_000_000
        #expect(facts.findings[1].problem == .diskLow)
    }

    @Test func `the page lists every id once, and is the one that is kept with the code`() throws {
        #expect(Set(Problem.allCases.map(\.rawValue)).count == Problem.allCases.count)
        let page =
            String(#filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/"))
            + "/docs/doctor.md"
        #expect(try String(contentsOfFile: page, encoding: .utf8) == DoctorPage.text, "run: tt __docs docs/commands")
    }
}
