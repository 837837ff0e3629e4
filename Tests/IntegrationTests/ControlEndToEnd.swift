import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// Interrupting, closing, stopping, restarting and waiting, with the real binary and real child processes.
@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct ControlEndToEnd {
    /// An agent CLI in the manner of Claude Code: it hangs in its first turn and answers in later ones.
    private static let claude = """
        #!/bin/sh
        echo "$@" >> args.txt
        cat > /dev/null
        id=$(echo "$@" | sed -n 's/.*--\\(session-id\\|resume\\) \\([0-9a-f-]*\\).*/\\2/p')
        echo '{"type":"system","subtype":"init","session_id":"'$id'"}'
        if [ -e second ]; then
            echo '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"'$id'"}'
            exit 0
        fi
        touch second
        setsid sleep 600 &
        sleep 600
        """

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test func `W15 W19 - interrupt ends the turn's whole tree, counts no attempt, and resume continues the session`()
        async throws
    {
        let town = try await TownOnDisk(settings: "[agent_clis.fake]\ncommand = \"./claude --print\"")
        try Self.claude.write(toFile: town.root + "/claude", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: town.root + "/claude")
        try await town.tt("spawn", "worker", "--cli", "fake")
        try await town.tt("send", "worker", "long work")
        try await town.event("turn_started")
        try await town.eventually("the session is known") {
            try await town.json(["list"], "agents", "0", "session_id") != nil
        }
        let answer = try await town.tt("interrupt", "worker", "--reason", "new plan")
        #expect(answer.contains("⏸️  Paused agent 'worker'; 1 message waits"))
        // It has returned, so nothing of the turn is left: only the host runs.
        #expect(await town.processes.count <= 1)
        #expect(try await town.json(["list"], "agents", "0", "state") == "paused")
        #expect(try await town.json(["list"], "agents", "0", "attention") == "new plan")
        #expect(try await town.json(["inbox", "worker"], "messages", "0", "attempts") == "0")
        try await town.tt("send", "worker", "more work")
        try await town.tt("resume", "worker")
        try await town.event("turn_finished")
        let turns = try String(contentsOfFile: town.root + "/args.txt", encoding: .utf8).split(separator: "\n")
        let session = try #require(turns[0].split(separator: "--session-id ").last?.prefix(36))
        #expect(turns.count == 2 && turns[1].contains("--resume \(session)"))
        #expect(try await town.json(["status"], "queue", "waiting") == "0")
        let again = try await town.answer(["resume", "worker"])
        #expect(again.status == Processes.ExitStatus.exited(4) && again.errors.contains("is not paused: it is"))
        try await town.close()
    }

    @Test func `close works through the whole inbox first, and wait returns when the agent has ended`() async throws {
        // One message a turn, each behind a gate, so that the close comes while much still waits.
        let script = "cat >>seen.txt; until [ -e gate ]; do sleep 0.05; done"
        let town = try await TownOnDisk(agents: ["slow": script])
        try await town.tt("spawn", "worker", "--cli", "slow")
        try await town.tt("send", "worker", "first of all")
        try await town.event("turn_started")
        try await town.tt("send", "worker", "second of all")
        #expect(try await town.tt("close", "worker").contains("is draining: it finishes 1 message"))
        #expect(try await town.answer(["wait", "worker", "--timeout", "0.2"]).status == Processes.ExitStatus.exited(6))
        async let waited = town.tt("wait", "worker")
        try "".write(toFile: town.root + "/gate", atomically: true, encoding: .utf8)
        #expect(try await waited.contains("🏁 Agent 'worker' has stopped after 2 turns"))
        let seen = try String(contentsOfFile: town.root + "/seen.txt", encoding: .utf8)
        #expect(seen.contains("first of all") && seen.contains("second of all"))
        #expect(try await town.json(["status"], "queue", "waiting") == "0")
        try await town.close()
    }

    @Test func `W8 - kill lets the present turn end, leaves the inbox, and restart goes on with it`() async throws {
        let script = "cat >>seen.txt; until [ -e gate ]; do sleep 0.05; done"
        let town = try await TownOnDisk(agents: ["slow": script])
        try await town.tt("spawn", "worker", "--cli", "slow")
        try await town.tt("send", "worker", "first of all")
        try await town.event("turn_started")
        try await town.tt("send", "worker", "second of all")
        #expect(try await town.tt("kill", "worker").contains("stops when its present turn ends"))
        #expect(try await town.json(["list"], "agents", "0", "state") == "draining")
        #expect(try await town.answer(["restart", "worker"]).status == Processes.ExitStatus.exited(4))
        try "".write(toFile: town.root + "/gate", atomically: true, encoding: .utf8)
        try await town.tt("wait", "worker")
        #expect(try await town.json(["list"], "agents", "0", "rounds_completed") == "1")
        #expect(try await town.json(["inbox", "worker"], "messages", "0", "text") == "second of all")
        #expect(try await town.tt("restart", "worker", "--rounds", "3").contains("✅ Agent 'worker' restarted"))
        try await town.event("turn_finished", "turn 2")
        #expect(try await town.json(["status"], "queue", "waiting") == "0")
        try await town.close()
    }

    @Test func `W47 - an agent that cannot work ends in error, says so, and can be restarted or pruned`() async throws {
        let town = try await TownOnDisk(
            agents: ["bad": "cat >/dev/null; echo 'it broke' >&2; exit 3"],
            settings: "[agent]\nfirst_delay_secs = 0.1")
        try await town.tt("spawn", "worker", "--cli", "bad", "--max-rounds", "2")
        try await town.tt("send", "worker", "work")
        let answer = try await town.answer(["wait", "worker"])
        #expect(answer.status == Processes.ExitStatus.exited(1))
        #expect(answer.output.contains("has stopped with an error"))
        #expect(answer.errors.contains("its 2 turns are used up, and its last 2 turns failed"))
        try await town.event("agent_failed")
        // The message waits, and so does what the person is told.
        #expect(try await town.json(["status"], "queue", "waiting") == "2")
        #expect(try await town.json(["status"], "needs_you", "count") == "1")
        try await town.tt("restart", "worker", "--rounds", "1")
        #expect(try await town.answer(["wait", "worker"]).status == Processes.ExitStatus.exited(1))
        #expect(try await town.tt("prune").contains("- Error"))
        #expect(try await town.json(["dead", "list"], "messages", "0", "text") == "work")
        try await town.close()
    }

    @Test func `a turn may pause its own agent, and does not wait for its own end`() async throws {
        let town = try await TownOnDisk(agents: ["self": "cat >/dev/null; tt interrupt worker; sleep 600"])
        try await town.tt("spawn", "worker", "--cli", "self")
        try await town.tt("send", "worker", "work")
        try await town.event("turn_released", "paused")
        #expect(try await town.json(["list"], "agents", "0", "state") == "paused")
        #expect(try await town.json(["status"], "queue", "waiting") == "2")
        #expect(try await town.json(["status"], "needs_you", "count") == "1")
        try await town.close()
    }

    @Test func `restart in the foreground runs the agent here`() async throws {
        let town = try await TownOnDisk(agents: ["say": "cat > /dev/null; echo spoken words"])
        try await town.tt("spawn", "near", "--cli", "say")
        try await town.tt("kill", "near")
        try await town.tt("send", "near", "work")
        let answer = try await town.answer(["restart", "near", "--foreground", "--rounds", "1"])
        #expect(answer.status.isSuccess, "\(answer.errors)")
        #expect(answer.output.contains("spoken words") && answer.output.contains("🏁 Agent 'near' stopped"))
        try await town.close()
    }
}
