import Commands
import Configuration
import Model
import Operations
import Processes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct SnapshotCommandTests {
    @Test func `saving says what is in the file and how to keep it`() async throws {
        let bench = try Bench()
        try await bench.spawn("worker")
        _ = await bench.tt("assign", "worker", "Build it")
        let result = await bench.tt("save")
        #expect(result.exit == .done)
        #expect(result.output.contains("💾 Saving the town's state...\n   Snapshot: tinytown.snapshot.jsonl ("))
        #expect(result.output.contains("   Holds: 1 agent, 1 task, 1 message, 4 events\n"))
        #expect(result.output.hasSuffix("   git add tinytown.snapshot.jsonl\n   git commit -m 'Save town state'\n"))
        #expect(await bench.tt("restore", "--check").output.hasPrefix("✅ The snapshot is whole: 1 agent, 1 task,"))
    }

    @Test func `W2: a snapshot fills another town, and replaces one only with --force`() async throws {
        let (first, second) = (try Bench(), try Bench())
        try await first.spawn("worker")
        _ = await first.tt("assign", "worker", "Build it")
        let file = first.folder.path("s.jsonl")
        #expect(await first.tt("save", "s.jsonl", "--json").exit == .done)
        let restored = await second.tt("restore", file)
        #expect(restored.output.contains("✅ Restored 1 agent, 1 task, 1 message, 4 events\n"))
        #expect(try await second.store.agents().map(\.name) == ["worker"])
        let again = await second.tt("restore", file)
        #expect(again.exit == .conflict && again.error.contains("--force"))
        #expect(await second.tt("restore", "--force", file).exit == .done)
        let kept = try await TownSnapshot.check(second.folder.path(".tt/before-restore.jsonl"))
        #expect(kept.counts.agents == 1 && kept.counts.events == 5)
        #expect(second.hostRequests == 0, "restoring starts nothing")
    }

    @Test func `nothing is restored under a host`() async throws {
        let bench = try Bench()
        _ = await bench.tt("save")
        let now = StillTime().now()
        let host = Host(
            id: HostID(high: 1, low: 2), machine: "m", process: "4711:99", startedAt: now,
            expiresAt: now + .seconds(60), isForeground: true)
        try await bench.store.announce(host, now: now)
        let refused = await bench.tt("restore", "--force")
        #expect(refused.exit == .conflict && refused.error.contains("tt stop"))
        try await bench.store.retire(host.id, died: true, now: now)
        guard let lock = try FileLock.tryAcquire(bench.folder.path(".tt/host.lock")) else {
            Issue.record("somebody holds the lock of a town that only this test knows")
            return
        }
        #expect(await bench.tt("restore", "--force").exit == .conflict)
        lock.release()
        #expect(await bench.tt("restore").exit == .done, "a log alone is no town to lose")
    }

    @Test func `a missing snapshot is not found, and a note is not overwritten`() async throws {
        let bench = try Bench()
        #expect(await bench.tt("restore").exit == .notFound)
        _ = try bench.folder.write("mine", to: "notes")
        #expect(await bench.tt("save", "notes").exit == .conflict)
        #expect(await bench.tt("save", "notes", "--force").exit == .done)
    }
}
