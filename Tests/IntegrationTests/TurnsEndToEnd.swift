import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// What agents' scripts have in common: the prompt is read, and tasks are completed.
private let completes = """
    cat >prompt.txt
    for task in $(sed -n 's/.*`tt task complete \\([0-9a-f-]*\\) .*/\\1/p' prompt.txt); do
        tt task complete "$task" --result "done by $TINYTOWN_AGENT_NAME"
    done
    """

@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct TurnsEndToEnd {
    @Test func `an agent takes its task, does it and reports`() async throws {
        let town = try await TownOnDisk(agents: ["good": completes])
        try await town.tt("spawn", "worker", "--cli", "good", "--role", "backend")
        let text = "Line one\nline two of the task"
        let task = try #require(try await town.json(["assign", "worker", text], "task", "id"))
        try await town.event("turn_finished")
        #expect(try await town.json(["task", "show", task], "task", "state") == "completed")
        #expect(try await town.json(["task", "show", task], "task", "result") == "done by worker")
        let prompt = try String(contentsOfFile: town.root + "/prompt.txt", encoding: .utf8)
        #expect(prompt.contains(text))
        try await town.close()
    }

    @Test func `a turn with several tasks names all of them, and a script that knows one does them one a turn`()
        async throws
    {
        let script = """
            cat >/dev/null
            echo "$TINYTOWN_TASK_ID|$TINYTOWN_TASK_IDS" >>turns
            tt task complete 2>>refused
            tt task complete "$TINYTOWN_TASK_ID" --result "by a script" || true
            """
        let town = try await TownOnDisk(agents: ["script": script])
        try await town.tt("spawn", "worker", "--cli", "script")
        try await town.tt("interrupt", "worker")
        var ids: [String] = []
        for number in 1...5 {
            ids.append(try #require(try await town.json(["assign", "worker", "job \(number)"], "task", "id")))
        }
        try await town.tt("resume", "worker")
        try await town.event("turn_finished", "turn 5")
        for id in ids.dropLast() {
            #expect(try await town.json(["task", "show", id], "task", "result") == "by a script")
        }
        let turns = try String(contentsOfFile: town.root + "/turns", encoding: .utf8)
        #expect(turns.hasPrefix("\(ids[0])|\(ids.joined(separator: " "))\n\(ids[1])|"))
        let refused = try String(contentsOfFile: town.root + "/refused", encoding: .utf8)
        #expect(refused.contains("this turn has several open tasks"))
        try await town.close()
    }

    @Test func `W5 - a task that is left open is asked for twice more and then fails, and is never forgotten`()
        async throws
    {
        let town = try await TownOnDisk(
            agents: ["lazy": "cat >/dev/null; echo 'I looked at it'"], settings: "[agent]\nfirst_delay_secs = 0.1")
        try await town.tt("spawn", "worker", "--cli", "lazy")
        let task = try #require(try await town.json(["assign", "worker", "do it"], "task", "id"))
        try await town.event("task_failed")
        #expect(try await town.json(["task", "show", task], "task", "state") == "failed")
        #expect(try await town.json(["list"], "agents", "0", "rounds_completed") == "3")
        try await town.close()
    }

    @Test func `W19 - kill now ends a turn, its whole tree, and keeps its messages`() async throws {
        let town = try await TownOnDisk(agents: ["hang": "cat >/dev/null; setsid sleep 600 & echo started; sleep 600"])
        try await town.tt("spawn", "worker", "--cli", "hang")
        try await town.tt("send", "worker", "work that hangs")
        try await town.event("turn_started")
        try await town.tt("kill", "worker", "--now")
        try await town.event("agent_stopped")
        #expect(try await town.json(["status"], "queue", "waiting") == "1")
        #expect(try await town.json(["status"], "queue", "leased") == "0")
        try await town.close()
    }

    @Test func `a host that is killed loses nothing: survivors end, and the turn is taken again`() async throws {
        let script = """
            cat >/dev/null
            if [ -e second ]; then tt task complete "$TINYTOWN_TASK_ID" --result again; exit 0; fi
            touch second; setsid sleep 600 & sleep 600
            """
        let town = try await TownOnDisk(agents: ["slow": script])
        try await town.tt("spawn", "worker", "--cli", "slow")
        let task = try #require(try await town.json(["assign", "worker", "survive"], "task", "id"))
        try await town.event("turn_started")
        try await town.appears("second")
        try await town.killHostAndGuardian()
        // Any command that puts work into the town brings a host back; there is no clean-up command.
        try await town.tt("send", "worker", "--info", "are you there?")
        try await town.event("task_completed")
        #expect(try await town.json(["task", "show", task], "task", "result") == "again")
        try await town.close()
    }

    @Test func `W19 - a host that is asked to end puts its turns back and leaves nothing running`() async throws {
        let town = try await TownOnDisk(
            agents: ["hang": "cat >/dev/null; touch running; sleep 600"], settings: "[limits]\ndrain_secs = 0.2")
        try await town.tt("spawn", "worker", "--cli", "hang")
        try await town.tt("send", "worker", "long work")
        try await town.event("turn_started")
        let host = try #require(try await town.hostPid.flatMap { ProcessIdentity(pid: $0) })
        host.send(.terminate)
        try await host.waitForExit()
        #expect(await town.processes.isEmpty)
        #expect(town.host == nil && town.guardian == nil)
        // Any command that looks brings a host back, which takes the turn again.
        try await town.event("turn_released", "the host stopped")
        try await town.close()
    }

    @Test func `a turn that takes too long is ended, and its message waits for the next try`() async throws {
        let town = try await TownOnDisk(
            agents: ["hang": "cat >/dev/null; trap '' TERM; while :; do sleep 1; done"],
            settings: "[agent]\nturn_timeout = \"1s\"\n[limits]\ngrace_secs = 0.3")
        try await town.tt("spawn", "worker", "--cli", "hang")
        try await town.tt("send", "worker", "endless")
        try await town.event("turn_failed", "timeout")
        #expect(try await town.json(["inbox", "worker"], "messages", "0", "attempts") == "1")
        try await town.close()
    }

    @Test func `W17 what fails again and again becomes a dead letter that can be read, retried and dropped`()
        async throws
    {
        let town = try await TownOnDisk(
            agents: ["bad": "cat >/dev/null; echo 'it broke' >&2; exit 3"],
            settings: "[agent]\nmax_attempts = 2\nfirst_delay_secs = 0.1")
        try await town.tt("spawn", "worker", "--cli", "bad")
        try await town.tt("send", "worker", "poison")
        try await town.event("message_dead")
        let id = try #require(try await town.json(["dead", "list"], "messages", "0", "id"))
        #expect(try await town.tt("dead", "show", id).contains("poison"))
        try await town.tt("dead", "retry", id)
        try await town.event("message_retried")
        try await town.close()
    }

    @Test func `W22 - nothing in names, texts or results is ever read by a shell`() async throws {
        let town = try await TownOnDisk(agents: ["good": completes])
        for name in ["../evil", "a'b", "a;b", "$(touch x)", "a b", "supervisor", ""] {
            let answer = try await town.answer(["spawn", name, "--cli", "good"])
            #expect(!answer.status.isSuccess, "'\(name)' was accepted")
        }
        try await town.tt("spawn", "worker", "--cli", "good")
        try await town.tt("assign", "worker", "'; touch pwned; $(touch pwned2) `touch pwned3`")
        try await town.event("task_completed")
        for name in ["pwned", "pwned2", "pwned3", "x"] {
            #expect(!FileManager.default.fileExists(atPath: town.root + "/" + name))
        }
        try await town.close()
    }

    @Test func `W21 - a second live agent of a name is refused, and max_agents holds`() async throws {
        let town = try await TownOnDisk(agents: ["good": completes])
        try await town.tt("spawn", "worker", "--cli", "good")
        #expect(try await town.answer(["spawn", "Worker", "--cli", "good"]).status == Processes.ExitStatus.exited(4))
        for number in 1..<10 { try await town.tt("spawn", "w\(number)", "--cli", "good") }
        #expect(
            try await town.answer(["spawn", "one-too-many", "--cli", "good"]).status == Processes.ExitStatus.exited(4))
        try await town.close()
    }

    @Test func `two agents hand work to each other, and many commands at once start one host`() async throws {
        let hands =
            "cat >/dev/null; tt send second 'from first' --key \"k-$TINYTOWN_TURN\"; tt task complete \"$TINYTOWN_TASK_ID\""
        let town = try await TownOnDisk(agents: ["hands": hands, "sink": "cat >>seen.txt"])
        async let one = town.tt("spawn", "first", "--cli", "hands")
        async let two = town.tt("spawn", "second", "--cli", "sink")
        _ = try await (one, two)
        #expect(try await town.json(["status"], "hosts", "1", "pid") == nil)
        try await town.tt("assign", "first", "start")
        try await town.event("turn_finished", "second")
        let seen = try String(contentsOfFile: town.root + "/seen.txt", encoding: .utf8)
        #expect(seen.contains("from first"))
        try await town.close()
    }

    @Test func `a command line interface that was added later is known to a running host`() async throws {
        let town = try await TownOnDisk(agents: ["good": completes])
        try await town.tt("spawn", "early", "--cli", "good")
        let path = town.root + "/tinytown.toml"
        var toml = try String(contentsOfFile: path, encoding: .utf8)
        toml += "\n[agent_clis.late]\ncommand = \"sh -c 'cat >/dev/null; tt task complete $TINYTOWN_TASK_ID'\"\n"
        try toml.write(toFile: path, atomically: true, encoding: .utf8)
        try await town.tt("trust", "--yes")
        try await town.tt("spawn", "later", "--cli", "late")
        try await town.tt("assign", "later", "something")
        try await town.event("task_completed")
        try await town.close()
    }
}
