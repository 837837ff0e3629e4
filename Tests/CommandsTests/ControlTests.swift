import Commands
import TestSupport
import Testing

/// What the commands that control agents say, and their exit codes.
@Suite(.timeLimit(.minutes(1))) struct ControlTests {
    private func bench(_ agents: String...) async throws -> Bench {
        let bench = try Bench()
        for name in agents { try await bench.spawn(name) }
        return bench
    }

    @Test func `interrupt and resume say what they did, and resume has a host started`() async throws {
        let bench = try await bench("ada")
        let paused = await bench.tt("interrupt", "ada", "-r", "think first")
        #expect(paused.exit == .done)
        #expect(paused.output == "⏸️  Paused agent 'ada'\n   Let it go on with: tt resume ada\n")
        #expect(await bench.tt("interrupt", "ada").output == "Agent 'ada' is already paused\n")
        #expect(await bench.tt("status").output.contains("⚠️  think first"))
        let resumed = await bench.tt("resume", "ada")
        #expect(resumed.exit == .done && resumed.output == "▶️  Resumed agent 'ada'\n" && bench.hostRequests == 1)
        let again = await bench.tt("resume", "ada")
        #expect(again.exit == .conflict)
        #expect(again.error == "error: agent 'ada' is not paused: it is idle. Nothing has to be done; see: tt status\n")
    }

    @Test func `close says what is left to do`() async throws {
        let bench = try await bench("ada", "bob")
        #expect(await bench.tt("close", "ada").output == "🛑 Stopped agent 'ada': nothing waited for it\n")
        _ = await bench.tt("send", "bob", "work")
        #expect(
            await bench.tt("close", "bob").output
                == "🌙 Agent 'bob' is draining: it finishes 1 message, then it stops\n")
        #expect(await bench.tt("close", "bob").output == "Agent 'bob' is already draining\n")
        let ended = await bench.tt("close", "ada")
        #expect(ended.exit == .conflict && ended.error.contains("ring it back with: tt restart ada"))
    }

    @Test func `restart refuses an agent that is active, and says how to stop it`() async throws {
        let bench = try await bench("ada")
        let early = await bench.tt("restart", "ada")
        #expect(early.exit == .conflict)
        #expect(
            early.error
                == "error: agent 'ada' is still active (starting). Stop it first with: tt kill ada\n")
        #expect(await bench.tt("restart", "nobody").exit == .notFound)
        #expect(await bench.tt("restart", "ada", "--rounds", "x").exit == .usage)
        _ = await bench.tt("kill", "ada")
        let back = await bench.tt("restart", "ada", "--rounds", "0")
        #expect(
            back.output == """
                🔄 Restarting agent 'ada'...
                   Turns: no limit
                   Log: \(bench.folder.path)/.tt/logs/ada.log
                ✅ Agent 'ada' restarted

                """)
        #expect(bench.hostRequests == 1)
    }

    @Test func `W55 wait has an exit code of its own for a time that has passed`() async throws {
        let bench = try await bench("ada")
        let late = await bench.tt("wait", "ada", "--timeout", "5m")
        #expect(late.exit == .timedOut && late.exit.rawValue == 6 && late.output.isEmpty)
        #expect(late.error.hasPrefix("error: agent 'ada' has not ended within 300 s: it is starting."))
        #expect(await bench.tt("wait", "ada", "--timeout", "soon").exit == .usage)
        #expect(await bench.tt("wait", "ada", "--timeout", "1", "--json").error.contains("\"code\":\"timed_out\""))
        _ = await bench.tt("kill", "ada")
        let ended = await bench.tt("wait", "ada")
        #expect(ended.exit == .done && ended.output == "🏁 Agent 'ada' has stopped after 0 turns\n")
    }
}
