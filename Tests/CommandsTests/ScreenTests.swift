import Commands
import FoundationEssentials
import Model
import Operations
import Terminal
import Testing

/// What is on the screen, at the sizes that people have.
@Suite(.timeLimit(.minutes(1))) struct ScreenTests {
    private let now = StillTime().now()

    /// A town with wide names, a turn, a pause, a retry, failed and blocked tasks, and mail.
    private func town() async throws -> Bench {
        let bench = try Bench()
        try await bench.spawn("api", role: "backend")
        try await bench.spawn("naïve-漢字", role: "フロントエンド", nickname: "Zoë 絵文字")
        try await bench.spawn("held")
        try await bench.spawn("waits")
        let host = Host(
            id: HostID(high: 1, low: 1), machine: "m", process: "1:1", startedAt: now, expiresAt: now + .seconds(60),
            isForeground: false)
        try await bench.store.announce(host, now: now)
        let title = "Repair the 漢字 in the login page, which nobody can read any more since the last release 🚀🚀"
        _ = await bench.tt("assign", "api", title)
        _ = await bench.tt("assign", "naïve-漢字", title)
        for agent in try await bench.store.agents().prefix(2) {
            let lease = LeaseRequest(
                agent: agent.id, host: HostID(high: 1, low: 1), turn: TurnID(high: 1, low: 9), now: now)
            _ = try #require(try await bench.store.lease(lease))
        }
        let held = try await bench.town.agent("held")
        _ = try await bench.store.change(held.id, .interrupt(reason: "'claude' は PATH にない: install it"), now: now)
        try await fail(bench, "waits")
        _ = await bench.tt("send", "waits", "--query", "鍵はどこ？")
        let id = try await task(bench, in: "waits", "Find the key 🔑")
        _ = await bench.tt("task", "fail", id, "--result", "The 鍵 is gone, and nobody knows who had it last")
        _ = await bench.tt("assign", "api", "Use the key, wherever it is", "--depends-on", id)
        _ = await bench.tt("send", "supervisor", "--query", "何をする？", "--from", "api")
        return bench
    }

    private func task(_ bench: Bench, in agent: String, _ text: String) async throws -> String {
        _ = await bench.tt("assign", agent, text)
        return try #require(try await bench.store.tasks(TaskFilter(), page: Page()).last { $0.title == text }).id
            .description
    }

    private func fail(_ bench: Bench, _ name: String) async throws {
        _ = await bench.tt("send", name, "work")
        let agent = try await bench.town.agent(name)
        let lease = try #require(
            try await bench.store.lease(
                LeaseRequest(agent: agent.id, host: HostID(high: 1, low: 1), turn: TurnID(high: 2, low: 2), now: now)))
        let failure = Failure(.rateLimit, "Too many requests for this account")
        let verdict = FailurePolicy().verdict(on: failure, failures: 3, now: now, jitter: 0.5)
        var commit = TurnCommit(
            token: lease.token, outcome: .failed(failure, verdict, maxAttempts: 5), duration: .seconds(1), now: now)
        (commit.usage, commit.cli) = (Usage(inputTokens: 12_345, outputTokens: 600, costUSD: 0.42), "claude")
        _ = try await bench.store.commit(commit)
    }

    @Test(arguments: Array(40...132)) func `no line is wider than the terminal`(width: Int) async throws {
        let bench = try await town()
        for command in [
            ["status"], ["status", "--deep", "--tasks"], ["list"], ["task", "list"], ["inbox", "--all"], ["history"],
            ["events"], ["costs"], ["costs", "--by", "task"],
        ] {
            let console = RecordingConsole(width: width)
            _ = await CommandLineFace(commands: CommandTable.all, version: "1").run(
                command, parts: bench.parts(console))
            #expect(console.error.isEmpty, "\(console.error)")
            for line in console.output.split(separator: "\n") where TerminalText.width(String(line)) > width {
                Issue.record("\(command) at \(width): \(line)")
            }
        }
    }

    @Test func `the status answers the questions of a morning`() async throws {
        let output = await (try town()).tt("status").output
        for words in [
            "🔔 1 thing needs you: tt inbox\n🏘️  Town: demo\n",
            "🤖 Agents: 4 (2 working, 1 idle, 1 paused)\n",
            "api (backend)", "Working   Repair the 漢字 in the login page", "held", "Paused    ⚠️  'claude' は PATH にない",
            "Waiting   2 pending (tasks: 1, queries: 1)",
            "retrying at 20:0", ": rate limit: Too many requests for this account",
            "1 failed", "❌ ", "Find the key 🔑 [waits]: The 鍵 is gone", "⏳ ", "Use the key, wherever it is: waits for",
            "💰 Today: 1 turn (1 failed), 12.9k tokens, $0.4200\n",
        ] { #expect(output.contains(words), "\(words) is missing in:\n\(output)") }
    }

    @Test func `on a narrow terminal what an agent does stands below its name, whole`() async throws {
        let lines = await (try town()).tt("status", width: 40).output.split(separator: "\n").map(String.init)
        let at = try #require(lines.firstIndex { $0.hasPrefix("   held  Paused") })
        let below = lines[(at + 1)...].prefix { $0.hasPrefix("      ") }
        let text = below.map { $0.split(separator: " ").joined(separator: " ") }.joined(separator: " ")
        #expect(text == "⚠️ 'claude' は PATH にない: install it; let it continue with: tt resume held", "\(below)")
    }

    @Test func `with a thousand agents the status fits a screen, and says what it leaves out`() async throws {
        let bench = try Bench()
        for number in 0..<1000 {
            var agent = Agent(id: bench.town.newID(), name: "agent-\(number)", cli: "claude", createdAt: now)
            agent.state = .idle
            try await bench.store.register(agent, maxAgents: 1000)
        }
        for name in ["agent-500", "agent-999"] { _ = await bench.tt("assign", name, "Build \(name)") }
        let busy = try await bench.town.agent("agent-999")
        _ = try await bench.store.change(busy.id, .interrupt(reason: "no credentials"), now: now)
        for width in [nil, 80, 120] {
            let lines = await bench.tt("status", width: width).output.split(separator: "\n").map(String.init)
            #expect(lines.count <= 24)
            #expect(lines.contains("🤖 Agents: 1000 (999 idle, 1 paused)"))
            // Who needs a person comes first.
            let at = try #require(lines.firstIndex { $0.contains("agent-999") })
            #expect(lines[at...].contains { $0.contains("agent-500") })
            #expect(lines.contains { $0.hasSuffix("… and 998 more; see: tt status --all") })
        }
        #expect(await bench.tt("status", "--all").output.contains("agent-123 "))
        #expect(await bench.tt("status", "--json").output.contains("agent-123"))
    }

    @Test func `two agents with the same role are told apart`() async throws {
        let bench = try Bench()
        for name in ["api", "web"] { try await bench.spawn(name, role: "backend") }
        let lines = await bench.tt("list").output.split(separator: "\n")
        #expect(lines[1].hasPrefix("api (backend) ") && lines[2].hasPrefix("web (backend) "))
    }

    @Test func `times are those of the person, and say so; JSON has them in UTC`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("assign", "worker", "Build it")
        let id = try #require(try await bench.store.tasks(TaskFilter(), page: Page()).first).id.description
        func output(_ arguments: String...) async -> String {
            let console = RecordingConsole()
            var parts = bench.parts(console)
            parts.zone = LocalTime { _ in (-5 * 3600, "EST") }
            _ = await CommandLineFace(commands: CommandTable.all, version: "1").run(arguments, parts: parts)
            return console.output
        }
        #expect(await output("history").contains("📅 2026-03-09 EST\n  15:03:14 "))
        #expect(await output("events").contains("15:03:14 [task_assigned]"))
        #expect(await output("task", "show", id).contains("Created: 2026-03-09 15:03:14 EST (just now)"))
        #expect(await output("task", "show", id, "--json").contains("\"created_at\":\"2026-03-09T20:03:14.000000Z\""))
    }

    @Test func `a new agent is idle once a host serves the town`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        #expect(await bench.tt("list").output.contains("Starting"))
        let host = Host(
            id: HostID(high: 1, low: 2), machine: "m", process: "1:1", startedAt: now, expiresAt: now + .seconds(60),
            isForeground: false)
        try await bench.store.announce(host, now: now)
        #expect(await bench.tt("list").output.contains("Idle"))
        #expect(await bench.tt("status", "--json").output.contains("\"state\":\"idle\""))
    }
}
