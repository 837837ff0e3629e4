import Commands
import Model
import Operations
import Testing

@Suite(.timeLimit(.minutes(1))) struct WorkTests {
    @Test func `a message is sent and asks for a host`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        #expect(await bench.tt("send", "supervisor", "--info", "done").exit == .done)
        #expect(bench.hostRequests == 0, "nobody runs the supervisor")
        let sent = await bench.tt("send", "worker", "do it")
        #expect(sent.output == "📤 Sent task message to 'worker'\n" && sent.exit == .done)
        #expect(bench.hostRequests == 1)
        let urgent = await bench.tt("send", "worker", "--urgent", "--query", "why?", "--from", "worker")
        #expect(urgent.output == "🚨 Sent URGENT query message to 'worker' (from worker)\n")
        #expect(bench.hostRequests == 2)
        #expect(
            await bench.tt("inbox", "worker").output == """
                📬 Inbox for 'worker': 2 messages
                  [Q] just now from worker (unverified) 🚨
                      why?
                  [T] just now from supervisor
                      do it

                """)
    }

    @Test func `a text comes from standard input, whole but for its last line break`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        let text = String(repeating: "a line\n", count: 100_000)
        #expect(await bench.tt("send", "worker", "-", input: text).exit == .done)
        #expect(await bench.tt("assign", "worker", input: "piped\n").exit == .done)
        let inbox = try await TownService(bench.town).call(ReadInbox.self, .init(agent: "worker")).output
        #expect(inbox.messages[0].text == String(text.dropLast()))
        #expect(inbox.messages[1].taskDescription == "piped")
        #expect(await bench.tt("send", "worker").exit == .usage)
        #expect(await bench.tt("send", "worker", "-", input: "\n").exit == .usage)
    }

    @Test func `what an agent wrote cannot move the cursor`() async throws {
        let bench = try Bench()
        _ = await bench.tt("send", "supervisor", "red \u{1B}[31m text\u{7}\nsecond")
        for arguments in [["inbox"], ["inbox", "--full"], ["inbox", "--all"]] {
            let console = RecordingConsole()
            _ = await CommandLineFace(commands: CommandTable.all, version: "1").run(
                arguments, parts: bench.parts(console))
            #expect(console.output.contains("red") && console.output.contains("second"))
            #expect(!console.output.contains("\u{1B}") && !console.output.contains("\u{7}"))
        }
    }

    @Test func `W23 reading with --take empties the supervisor's mailbox`() async throws {
        let bench = try Bench()
        _ = await bench.tt("send", "supervisor", "--info", "one\ntwo")
        #expect(
            await bench.tt("inbox", "--take", "--full").output == """
                📬 Took from 'supervisor': 1 message
                  [I] 2026-03-09 20:03:14 UTC (just now) from supervisor
                      one
                      two

                """)
        #expect(await bench.tt("inbox").output == "📬 Inbox for 'supervisor': no messages\n")
    }

    @Test func `W55 a listed id is one that commands accept`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        #expect(await bench.tt("assign", "worker", "Build the login page").exit == .done)
        let list = await bench.tt("task", "list")
        let row = try #require(list.output.split(separator: "\n").last).split(separator: " ")
        #expect(list.output.hasSuffix("Build the login page [worker]\n"))
        let id = String(row[1])
        #expect(await bench.tt("task", "show", id).output.contains("Build the login page"))
        let done = await bench.tt("task", "complete", id, "--result", "merged")
        #expect(
            done.output == "✅ Task \(id) completed\n   Build the login page\n   Result: merged\n"
                && done.exit == .done)
        let again = await bench.tt("task", "complete", id)
        #expect(again.exit == .conflict)
        #expect(again.error == "error: task \(id) is already completed. See it: tt task show \(id)\n")
    }

    @Test func `in a turn a task is completed without naming it`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("assign", "worker", "Build it")
        let turn = ["TINYTOWN_AGENT_NAME": "worker", "TINYTOWN_PROOF_FILE": try await bench.beginTurn(of: "worker")]
        let result = await bench.tt("task", "complete", "--result", "-", input: "long\ntext", environment: turn)
        #expect(result.exit == .done)
        let task = try #require(try await bench.store.tasks(TaskFilter(), page: Page()).first)
        #expect(task.state == .completed && task.result == "long\ntext")
    }

    @Test func `the backlog is filled, listed, claimed and emptied`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        for text in ["one", "two", "three"] {
            #expect(await bench.tt("backlog", "add", text, "--tags", "a, b").exit == .done)
        }
        let lines = await bench.tt("backlog", "list").output.split(separator: "\n")
        #expect(lines[0] == "📥 Backlog: 3" && lines[1].hasSuffix(" - one [a, b]"))
        let ids = lines.dropFirst().map { String($0.split(separator: " ")[0]) }
        #expect(await bench.tt("backlog", "claim", ids[0], "worker").exit == .done)
        #expect(await bench.tt("backlog", "remove", ids[1]).exit == .done)
        // What is added may be offered to an idle agent. What is removed concerns nobody, but there is no host and work waits.
        #expect(bench.hostRequests == 5)
        #expect(await bench.tt("backlog", "assign-all", "worker").output.hasPrefix("📋 Assigned 1 task"))
        #expect(await bench.tt("backlog", "list").output == "The backlog is empty.\n")
        #expect(bench.hostRequests == 7, "the list as well: work waits, and still there is no host")
    }

    @Test func `candidates for the shell are one a line and never an error`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        try await bench.spawn("writer")
        #expect(await bench.tt("__complete", "agents", "w").output == "worker\nwriter\n")
        #expect(await bench.tt("__complete", "nonsense", "").exit == .done)
        let console = RecordingConsole()
        var parts = bench.parts(console)
        parts.folder = "/"
        let exit = await CommandLineFace(commands: CommandTable.all, version: "1").run(
            ["__complete", "agents"], parts: parts)
        #expect(exit == .done && console.output.isEmpty && console.error.isEmpty)
    }
}
