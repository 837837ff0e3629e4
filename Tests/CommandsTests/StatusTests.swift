import Commands
import FoundationEssentials
import Model
import Operations
import Terminal
import Testing

@Suite(.timeLimit(.minutes(1))) struct StatusTests {
    private func bench() async throws -> Bench {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("assign", "worker", "Build it\nand test it")
        _ = await bench.tt("backlog", "add", "Later")
        return bench
    }

    /// Takes a turn with whatever waits, as a host would.
    private func turn(_ bench: Bench) async throws {
        let agent = try #require(try await bench.store.agents().first).id
        let now = StillTime().now()
        let request = LeaseRequest(
            agent: agent, host: HostID(high: 1, low: 1), turn: TurnID(high: 1, low: 1), now: now - .seconds(200))
        let lease = try #require(try await bench.store.lease(request))
        _ = try await bench.store.commit(
            TurnCommit(
                token: lease.token, outcome: .finished(reply: "done"), duration: .seconds(12),
                now: now - .seconds(180)))
    }

    @Test func `--deep says what the agents' latest turns came to and when`() async throws {
        let bench = try await bench()
        try await turn(bench)
        let output = await bench.tt("status", "--deep").output
        #expect(
            output.contains(
                "   worker  Idle      Build it ("))
        #expect(output.contains("      1 pending (tasks: 1)\n      1 turn, 0 tasks done, uptime 0.0 s, claude\n"))
        #expect(output.contains("      └─ ✅ ") && output.contains(", 3 min ago\n"))
        #expect(output.hasSuffix("📊 Stats: turns taken, uptime since spawn\n"))
        #expect(await bench.tt("status", "--deep", "--json").output.contains("\"activity\":{\""))
        #expect(await !bench.tt("status", "--json").output.contains("\"activity\""))
    }

    @Test func `--tasks breaks the tasks down by state and by agent`() async throws {
        let bench = try await bench()
        for number in 0..<6 { _ = await bench.tt("assign", "worker", "More \(number)") }
        let output = await bench.tt("status", "--tasks").output
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = try #require(lines.firstIndex(of: "📊 Task Breakdown by State:"))
        #expect(
            Array(lines[(start + 1)...(start + 7)]) == [
                "   ⏳ Pending:   1", "   📌 Assigned:  7", "   🔄 Running:   0", "   ✅ Completed: 0",
                "   ❌ Failed:    0", "   🚫 Cancelled: 0", "   📋 Backlog:   1",
            ])
        let tasks = Array(lines[(start + 8)...])
        #expect(tasks[1] == "📋 Tasks by Agent:")
        #expect(tasks[2] == "   worker (7 open, 0 done):")
        #expect(tasks[3].hasPrefix("      📌 ") && tasks[3].hasSuffix(" Build it"))
        #expect(tasks[8] == "      … and 2 more")
        #expect(tasks[9] == "   (unassigned) (1 task):" && tasks[10].hasSuffix(" Later"))
    }

    @Test func `on a terminal no line is wider than it`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker-" + String(repeating: "x", count: 50), nickname: "漢字漢字漢字")
        let lines = await bench.tt("status", "--deep", "--tasks", width: 40).output.split(separator: "\n")
        #expect(lines.allSatisfy { TerminalText.width(String($0)) <= 40 })
        #expect(lines.contains { $0.hasSuffix("…") })
    }

    @Test func `watching draws a frame for each change, as one write, and gives the screen back`() async throws {
        let bench = try await bench()
        let console = RecordingConsole(width: 60, readerLeavesAfter: 4)
        async let watching = CommandLineFace(commands: CommandTable.all, version: "1")
            .run(["status", "--watch"], parts: bench.parts(console))
        var writes = console.writes.makeAsyncIterator()
        await writes.next()
        await writes.next()
        #expect(console.output.hasPrefix(LiveScreen.enter + "\u{1B}[?2026h\u{1B}[H"))
        #expect(console.output.contains("Messages: 1 waiting"))
        for _ in 0..<2 {
            _ = await bench.tt("send", "worker", "more")
            await writes.next()
        }
        #expect(await watching == .done)
        let frames = console.output.split(separator: "\u{1B}[H")
        #expect(frames.count == 4 && frames[1].contains("📬 Messages: 1 waiting"))
        #expect(!frames[3].contains("📬 Messages: 1 waiting"))
        #expect(console.output.hasSuffix(LiveScreen.leave))
        #expect(!console.output.contains("\u{1B}[2J"), "a cleared screen flickers")
    }

    @Test func `watching without a terminal needs --json, and then gives one object a line`() async throws {
        let bench = try await bench()
        let refused = await bench.tt("status", "--watch")
        #expect(refused.exit == .usage && refused.error.contains("--watch --json"))
        let console = RecordingConsole(readerLeavesAfter: 2)
        async let watching = CommandLineFace(commands: CommandTable.all, version: "1")
            .run(["status", "--watch", "--json"], parts: bench.parts(console))
        var writes = console.writes.makeAsyncIterator()
        await writes.next()
        _ = await bench.tt("send", "worker", "more")
        #expect(await watching == .done)
        let lines = console.output.split(separator: "\n")
        #expect(lines.count == 2)
        let waiting = try lines.map {
            try JSONDecoder().decode(ReadStatus.Output.self, from: Data($0.utf8)).queue.waiting
        }
        #expect(waiting[0] == 1 && waiting[1] > 1)
    }

    @Test func `the history tells what happened, filtered before it is cut`() async throws {
        let bench = try await bench()
        try await bench.spawn("other")
        for number in 0..<40 { _ = await bench.tt("send", "other", "\(number)") }
        let all = await bench.tt("history").output.split(separator: "\n")
        #expect(all.count == 32 && all[0] == "📜 History:" && all[1] == "📅 2026-03-09 UTC")
        #expect(all.last?.hasPrefix("  20:03:14 📤 other  ") == true)
        let own = await bench.tt("history", "-n", "2", "-a", "worker").output.split(separator: "\n")
        #expect(own.count == 4 && own[2].contains("worker") && own[3].contains("worker"))
        #expect(await bench.tt("history", "--json", "-n", "3").output.contains("\"events\":["))
        #expect(try await Bench().tt("history").output == "📜 Nothing has happened yet.\n")
        #expect(await bench.tt("history", "-a", "nobody").exit == .notFound)
    }

    @Test func `the list says how to remove agents that have ended`() async throws {
        let bench = try await bench()
        #expect(await !bench.tt("list").output.contains("tt prune"))
        _ = await bench.tt("kill", "worker")
        let list = await bench.tt("list").output
        #expect(!list.contains("tt prune") && list.contains("tt restart worker"), "mail waits for it")
        try await bench.spawn("spare")
        _ = await bench.tt("kill", "spare")
        #expect(await bench.tt("list").output.hasSuffix("🧹 1 stopped agent. Remove with: tt prune\n"))
    }
}
