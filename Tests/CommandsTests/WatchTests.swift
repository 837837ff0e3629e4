import Commands
import Configuration
import FoundationEssentials
import Model
import Operations
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct WatchTests {
    @Test func `the status shows the town, its agents, tasks and messages`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("assign", "worker", "Build it")
        _ = await bench.tt("send", "worker", "--query", "Why?")
        #expect(
            await bench.tt("status").output == """
                🏘️  Town: demo
                📂 Root: \(bench.folder.path)
                🖥️  Host: none
                🤖 Agents: 1
                   worker  Starting  2 pending (tasks: 1, queries: 1)
                📋 Tasks: 1 total (0 pending, 1 in progress, 0 done)
                📬 Messages: 2 waiting, 0 in progress, 0 dead

                """)
    }

    @Test func `the status as JSON is one value with the keys that tools read`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        let host = Host(
            id: HostID(high: 1, low: 2), machine: "m", process: "4711:99", startedAt: StillTime().now(),
            expiresAt: StillTime().now() + .seconds(60), isForeground: true)
        try await bench.store.announce(host, now: StillTime().now())
        let result = await bench.tt("status", "--json")
        #expect(result.output.split(separator: "\n").count == 1)
        let status = try JSONDecoder().decode(ReadStatus.Output.self, from: Data(result.output.utf8))
        #expect(status.hosts.first?.pid == 4711 && status.hosts.first?.alive == true)
        for key in [
            "\"hosts\":[", "\"agents\":[", "\"tasks\":{", "\"queue\":{", "\"waiting\":0", "\"foreground\":true",
        ] {
            #expect(result.output.contains(key))
        }
    }

    @Test func `the list fits the terminal`() async throws {
        let bench = try Bench()
        try await bench.spawn("a-worker-with-quite-a-long-name", nickname: "A nickname that is long as well")
        let narrow = await bench.tt("list", width: 60).output.split(separator: "\n")
        #expect(narrow.count == 2 && narrow.allSatisfy { $0.count <= 60 })
        #expect(narrow[1].contains("…"))
        #expect(await !bench.tt("list").output.contains("…"), "without a terminal nothing is cut")
        #expect(try await Bench().tt("list").output == "No agents. Add one with: tt spawn NAME\n")
    }

    @Test func `W46 following shows the newest events and then each new one, once`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        for number in 0..<5 { _ = await bench.tt("send", "worker", "before \(number)") }
        let console = RecordingConsole(readerLeavesAfter: 2 + 600)
        let parts = bench.parts(console)
        async let following = CommandLineFace(commands: CommandTable.all, version: "1")
            .run(["events", "-f", "-n", "2", "--json", "--type", "message_sent"], parts: parts)
        var writes = console.writes.makeAsyncIterator()
        for _ in 0..<2 { await writes.next() }
        for number in 0..<600 { _ = await bench.tt("send", "worker", "after \(number)") }
        #expect(await following == .done)
        let events = try console.output.split(separator: "\n").map {
            try JSONDecoder().decode(Event.self, from: Data($0.utf8))
        }
        let all = try await bench.store.latestEvents(limit: 602, filter: EventFilter(types: [.messageSent]))
        #expect(events == all)
    }

    @Test func `following with a filter that nothing fits yet shows nothing old`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("send", "worker", "before")
        let console = RecordingConsole(readerLeavesAfter: 1)
        async let following = CommandLineFace(commands: CommandTable.all, version: "1")
            .run(["events", "-f", "-n", "0", "--json", "--type", "message_sent"], parts: bench.parts(console))
        var writes = console.writes.makeAsyncIterator()
        // The follower may subscribe at any moment; one of these is the first that it shows.
        let sender = Task {
            while !Task.isCancelled { _ = await bench.tt("send", "worker", "after") }
        }
        await writes.next()
        sender.cancel()
        #expect(await following == .done)
        let event = try JSONDecoder().decode(Event.self, from: Data(console.output.utf8))
        let first = try await bench.store.events(after: 0, limit: 1, filter: EventFilter(types: [.messageSent]))
        #expect(event.sequence > first[0].sequence)
    }

    @Test func `W60 a log is shown over its rotation, and its end only`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        try TestFiles.makeLogs(bench.folder.path)
        _ = try bench.folder.write("1\n2\n3\n", to: ".tt/logs/worker.log.1")
        _ = try bench.folder.write("4\n5 \u{1B}[31m\n", to: ".tt/logs/worker.log")
        #expect(await bench.tt("logs", "worker", "-n", "3").output == "3\n4\n5 \u{FFFD}[31m\n")
        #expect(await bench.tt("logs", "worker").output.hasPrefix("1\n2\n3\n4\n5"))
        #expect(await bench.tt("logs", "worker", "-n", "1").output.hasPrefix("5"))
    }

    @Test func `a followed log goes on over its rotation without a line lost or repeated`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        try TestFiles.makeLogs(bench.folder.path)
        let path = bench.folder.path(".tt/logs/worker.log")
        _ = try bench.folder.write("one\n", to: ".tt/logs/worker.log")
        let console = RecordingConsole(lastWords: "four\n")
        async let following = CommandLineFace(commands: CommandTable.all, version: "1")
            .run(["logs", "-f", "worker"], parts: bench.parts(console))
        var writes = console.writes.makeAsyncIterator()
        await writes.next()
        try TestFiles.append("two\n", to: path)
        await writes.next()
        try TestFiles.append("three\n", to: path)
        try TestFiles.rename(path, to: path + ".1")
        try TestFiles.append("four\n", to: path)
        #expect(await following == .done)
        #expect(console.output == "one\ntwo\nthree\nfour\n")
    }

    @Test func `stopping asks all agents and ends when none is live and no host runs`() async throws {
        let bench = try Bench()
        #expect(await bench.tt("stop").output == "No active agents.\n")
        try await bench.spawn("one")
        try await bench.spawn("two")
        #expect(await bench.tt("stop").output == "🛑 Asked 2 agents to stop\n✅ All agents have stopped\n")
        #expect(try await bench.store.agents().allSatisfy { $0.state == .stopped })
    }

    @Test func `stopping waits for the host and says for what`() async throws {
        let bench = try Bench()
        try await bench.spawn("one")
        let now = StillTime().now()
        let host = Host(
            id: HostID(high: 1, low: 2), machine: "m", process: "4711:99", startedAt: now,
            expiresAt: now + .seconds(60), isForeground: false)
        try await bench.store.announce(host, now: now)
        let console = RecordingConsole()
        async let stopping = CommandLineFace(commands: CommandTable.all, version: "1").run(
            ["stop"], parts: bench.parts(console))
        var writes = console.writes.makeAsyncIterator()
        while !console.output.contains("the host ends"), await writes.next() != nil {}
        try await bench.store.retire(host.id, died: false, now: now)
        #expect(await stopping == .done)
        #expect(console.output.hasSuffix("✅ All agents have stopped\n"))
    }

    @Test func `stopping does not wait for agents that come meanwhile`() async throws {
        let bench = try Bench()
        try await bench.spawn("one")
        let now = StillTime().now()
        let host = Host(
            id: HostID(high: 1, low: 2), machine: "m", process: "4711:99", startedAt: now,
            expiresAt: now + .seconds(60), isForeground: false)
        try await bench.store.announce(host, now: now)
        let console = RecordingConsole()
        async let stopping = CommandLineFace(commands: CommandTable.all, version: "1").run(
            ["stop"], parts: bench.parts(console))
        var writes = console.writes.makeAsyncIterator()
        while !console.output.contains("the host ends"), await writes.next() != nil {}
        try await bench.spawn("two")
        #expect(await stopping == .done)
        #expect(!console.output.contains("All agents have stopped"))
        #expect(try await bench.store.agents().map(\.state) == [.stopped, .starting])
    }

    @Test func `kill says whether anything changed`() async throws {
        let bench = try Bench()
        try await bench.spawn("one")
        #expect(await bench.tt("kill", "one").output == "🛑 Stopped agent 'one'\n")
        #expect(await bench.tt("kill", "one").output == "Agent 'one' is already stopped\n")
    }
}
