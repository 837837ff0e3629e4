import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// Snapshots, followers and lists, with the real binary and several processes.
@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct TownsEndToEnd {
    /// Reads whole lines of a child until there are `count`, or a minute has passed.
    private func lines(_ count: Int, of child: ChildProcess) async -> [String] {
        let limit = Task {
            try await Task.sleep(for: .seconds(60))
            _ = child.signal(.kill)
        }
        defer { limit.cancel() }
        var framer = LineFramer()
        var lines: [String] = []
        guard let output = child.output else { return lines }
        for await chunk in output {
            lines += framer.append(chunk).map { String(decoding: $0, as: UTF8.self) }
            if lines.count >= count { break }
        }
        return lines
    }

    private func end(_ child: ChildProcess) async {
        _ = child.signal(.interrupt)
        child.finishOutput()
        _ = await child.exit
    }

    @Test func `W46: a follower shows each event of writers in other processes once, in order, none left out`()
        async throws
    {
        let town = try await TownOnDisk()
        for number in 0..<5 { try await town.tt("backlog", "add", "before \(number)") }
        let follower = try await town.start("events", "-f", "-c", "3", "--json")
        let old = await lines(3, of: follower)
        let writers = 24
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<(writers / 4) { try await town.tt("backlog", "add", "\(writer).\(number)") }
                }
            }
            try await group.waitForAll()
        }
        let all = old + (await lines(3 + writers - old.count, of: follower))
        let sequences = try all.map { try #require(Int(try JSONValue($0).at(["sequence"])?.text ?? "")) }
        #expect(sequences == Array(3..<(6 + writers)))
        await end(follower)
    }

    @Test func `W2: a town that was saved on one machine goes on elsewhere, and the host's work is in it`()
        async throws
    {
        let first = try await TownOnDisk(agents: ["echo": "cat >/dev/null; echo done"])
        try await first.tt("spawn", "worker", "--cli", "echo")
        try await first.tt("send", "worker", "a thing")
        try await first.event("turn_finished")
        let running = try await first.answer(["restore", "--force"])
        #expect(running.status == Processes.ExitStatus.exited(3), "\(running.errors)")
        // While the host runs.
        try await first.tt("save")
        let refused = try await first.answer(["restore", "--force"])
        #expect(refused.status == Processes.ExitStatus.exited(4) && refused.errors.contains("tt stop"))

        let second = try await TownOnDisk(agents: ["echo": "cat >/dev/null; echo done >>out"])
        try await second.tt("restore", first.root + "/tinytown.snapshot.jsonl")
        #expect(try await second.json(["list"], "agents", "0", "name") == "worker")
        #expect(try await second.json(["list"], "agents", "0", "rounds_completed") == "1")
        #expect(try await second.json(["status"], "hosts", "0", "pid") == nil)
        try await second.tt("send", "worker", "another thing")
        try await second.event("turn_finished", "turn 2")
        try await first.close()
        try await second.close()
    }

    @Test func `W54: listing towns starts nothing and makes nothing`() async throws {
        let town = try await TownOnDisk()
        let state = town.root + "/.tt"
        try FileManager.default.removeItem(atPath: state)
        #expect(try await town.tt("towns").contains("scratch - [OK] 0 agents (0 active)"))
        #expect(!FileManager.default.fileExists(atPath: state))
        #expect(await town.processes.isEmpty)
    }

    @Test func `watching as JSON tells of a change by another process, and ends well on Ctrl-C`() async throws {
        let town = try await TownOnDisk()
        let watch = try await town.start("status", "--watch", "--json")
        let first = await lines(1, of: watch)
        try await town.tt("backlog", "add", "new")
        let second = await lines(1, of: watch)
        #expect(try JSONValue(try #require(first.first)).at(["tasks", "total"])?.text == "0")
        #expect(try JSONValue(try #require(second.last)).at(["tasks", "total"])?.text == "1")
        _ = watch.signal(.interrupt)
        watch.finishOutput()
        #expect(await watch.exit.isSuccess)
    }
}
