import FoundationEssentials
import Processes
import TestOrder
import TestSupport
import TestTown
import Testing

/// Figures that an agent's CLI prints, or that a person or a file gives.
@Suite(.timeLimit(.minutes(3)), .serialized, .queued) struct FigureAttacks {
    private static let huge = ["1e300", "-1e300", "9223372036854775807", "9223372036854775808", "-9223372036854775808"]

    /// What each CLI prints, as one line with `FIGURE` where the figure stands.
    private static let lines: [(cli: String, lines: [String])] = [
        (
            "claude",
            [
                #"{"type":"system","subtype":"init","session_id":"s"}"#,
                #"{"type":"system","subtype":"api_retry","attempt":FIGURE,"max_retries":FIGURE,"error":"rate_limit","retry_delay_ms":FIGURE}"#,
                #"{"type":"rate_limit_event","rate_limit_info":{"status":"allowed","resetsAt":FIGURE}}"#,
                #"{"type":"result","is_error":false,"result":"ok","session_id":"s","total_cost_usd":FIGURE,"modelUsage":{"a":{"inputTokens":FIGURE,"outputTokens":FIGURE,"cacheReadInputTokens":FIGURE,"cacheCreationInputTokens":FIGURE,"costUSD":FIGURE},"b":{"inputTokens":FIGURE,"outputTokens":FIGURE}},"model_usage_since_last_result":{"a":{"inputTokens":FIGURE}}}"#,
            ]
        ),
        (
            "opencode",
            [
                #"{"type":"step_finish","sessionID":"s","part":{"tokens":{"input":FIGURE,"output":FIGURE,"reasoning":FIGURE,"cache":{"read":FIGURE,"write":FIGURE}},"cost":FIGURE}}"#,
                #"{"type":"step_finish","sessionID":"s","part":{"tokens":{"input":FIGURE,"output":FIGURE},"cost":FIGURE}}"#,
                #"{"type":"done","sessionID":"s"}"#,
            ]
        ),
        (
            "copilot",
            [
                #"{"type":"assistant.message","data":{"content":"a","outputTokens":FIGURE}}"#,
                #"{"type":"assistant.message","data":{"content":"b","outputTokens":FIGURE}}"#,
                #"{"type":"result","sessionId":"s","exitCode":0}"#,
            ]
        ),
        (
            "gemini",
            [
                #"{"type":"result","status":"success","stats":{"input_tokens":FIGURE,"output_tokens":FIGURE,"cached":FIGURE}}"#
            ]
        ),
        (
            "codex",
            [
                #"{"type":"turn.completed","usage":{"input_tokens":FIGURE,"output_tokens":FIGURE,"cached_input_tokens":FIGURE}}"#
            ]
        ),
        (
            "aider",
            [
                "Tokens: FIGUREk sent, FIGUREM received. Cost: $FIGURE message, $FIGURE session.",
                "Tokens: FIGURE sent, FIGURE received.",
            ]
        ),
    ]

    @Test func `A6: figures that no counter holds, printed by any CLI, end neither the host nor another agent's turn`()
        async throws
    {
        let folder = try ScratchFolder(prefix: "tt-figures")
        try FileManager.default.createDirectory(atPath: folder.path("bin"), withIntermediateDirectories: true)
        var settings = ""
        for (cli, lines) in Self.lines {
            let printed = Self.huge.flatMap { figure in
                lines.map { $0.replacing("FIGURE", with: figure) }
            }
            let script =
                "#!/bin/sh\ncat >/dev/null </dev/null\ncat <<'END'\n" + printed.joined(separator: "\n") + "\nEND\n"
            _ = try folder.write(script, to: "bin/\(cli)", mode: 0o700)
            settings += "\n[agent_clis.\(cli)]\ncommand = \"\(folder.path("bin/\(cli)"))\"\n"
        }
        let town = try await TownOnDisk(
            agents: ["innocent": "cat >/dev/null; echo done"], settings: "default_cli = \"innocent\"\n" + settings)
        try await town.tt("spawn", "innocent", "--cli", "innocent")
        let host = try await town.hostPid
        for (cli, _) in Self.lines {
            try await town.tt("spawn", "evil-\(cli)", "--cli", cli)
            try await town.tt("send", "evil-\(cli)", "go")
        }
        try await town.tt("send", "innocent", "go")
        try await town.event("innocent finished turn 1")
        for (cli, _) in Self.lines { try await town.event("evil-\(cli) finished turn 1") }
        #expect(try await town.hostPid == host, "the host that began is the host that ends")
        #expect(try await town.json(["status"], "queues", "dead") ?? "0" == "0")
        // What was stored is read by every command.
        for command in ["status", "list", "history"] { try await town.tt(command) }
        try await town.close()
    }

    @Test func `A6: huge numbers on the command line and in the town's file are refused or limited, never a crash`()
        async throws
    {
        let town = try await TownOnDisk(agents: ["a": "cat >/dev/null"])
        try await town.tt("spawn", "a", "--cli", "a", "--max-rounds", "1000000")
        for number in ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e300", "nan", "inf"] {
            for arguments in [
                ["inbox", "a", "--limit", number], ["events", "--count", number], ["logs", "a", "--lines", number],
                ["dead", "list", "--limit", number], ["history", "--limit", number],
                ["task", "list", "--limit", number],
                ["wait", "a", "--timeout", number], ["restart", "a", "--rounds", number],
                ["spawn", "b", "--max-rounds", number],
            ] {
                let answer = try await town.answer(arguments)
                #expect(answer.status == .exited(2), "tt \(arguments.joined(separator: " ")): \(answer)")
            }
        }
        for line in [
            "[agent]\nmax_attempts = 9223372036854775807", "[agent]\nidle_timeout_secs = 9223372036854775807",
            "[agent]\nidle_timeout_secs = 1e300", "[agent]\nidle_timeout_secs = nan",
            "[agent]\nidle_timeout_secs = -inf",
            "[agent]\nturn_timeout = \"99999999999d\"", "[agent]\nturn_timeout = 9223372036854775807",
            "[limits]\nlease_secs = 999999999\ngrace_secs = 0.0000001",
        ] {
            let file = town.root + "/tinytown.toml"
            let before = try String(contentsOfFile: file, encoding: .utf8)
            try (before + "\n" + line + "\n").write(toFile: file, atomically: true, encoding: .utf8)
            let answer = try await town.answer(["status"])
            if case .exited = answer.status {} else { Issue.record("\(line): \(answer)") }
            try before.write(toFile: file, atomically: true, encoding: .utf8)
        }
        try await town.close()
    }

    @Test func `A6: files whose times no calendar has stop no command`() async throws {
        let town = try await TownOnDisk(agents: ["a": "cat >/dev/null; echo done"])
        try await town.tt("spawn", "a", "--cli", "a")
        try await town.tt("send", "a", "go")
        try await town.event("a finished turn 1")
        try await town.tt("stop")
        // An agent may do that to every file of the town.
        for time in ["@99999999999", "@-99999999999"] {
            let touched = try await ChildProcess.run(
                Launch(
                    "/bin/sh", ["-c", "find . -exec touch -d \(time) {} +"], environment: ["PATH": "/usr/bin:/bin"],
                    directory: town.root))
            #expect(touched.exit.isSuccess, "\(touched.errorText)")
            for command in [["status"], ["list"], ["logs", "a"], ["doctor"], ["events"], ["config"], ["towns"]] {
                let answer = try await town.answer(command)
                if case .exited = answer.status {} else { Issue.record("tt \(command) with \(time): \(answer)") }
            }
        }
        try await town.close()
    }

    @Test func `A6: a turn that kills its host again and again is a dead letter after five, and others go on`()
        async throws
    {
        // As a crash of the host while it reads what the agent prints, but without a mistake to wait for.
        let town = try await TownOnDisk(
            agents: [
                "killer": """
                cat >/dev/null
                p=$PPID
                while [ "$p" -gt 1 ] && [ "$(cat /proc/$p/comm)" != tt ]; do p=$(cut -d' ' -f4 /proc/$p/stat); done
                [ "$p" -gt 1 ] && kill -9 "$p"
                sleep 100
                """, "innocent": "cat >/dev/null; echo done",
            ])
        try await town.tt("spawn", "killer", "--cli", "killer")
        try await town.tt("spawn", "innocent", "--cli", "innocent")
        try await town.tt("send", "killer", "go")
        try await town.tt("send", "innocent", "go")
        let restarts = Task {
            // As somebody does who wonders where the host is.
            while !Task.isCancelled {
                _ = try await town.answer(["start", "--detach"])
                guard let pid = try await town.hostPid, let host = ProcessIdentity(pid: pid) else { continue }
                try await host.waitForExit()
            }
        }
        defer { restarts.cancel() }
        try await town.event("dead letter", "its turn ended the host 5 times")
        try await town.event("innocent finished turn 1")
        restarts.cancel()
        #expect(try await town.json(["dead", "list"], "messages", "0", "host_deaths") == "5")
        // The agent itself goes on with what comes next.
        #expect(try await town.json(["list"], "agents", "0", "state") != "error")
        try await town.close()
    }
}
