import Concurrency
import FoundationEssentials
import Processes
import TestOrder
import TestTown
import Testing

/// Pruning, resetting, recovering and starting towns whose agents really run.
@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct MaintenanceEndToEnd {
    private static let hangs = "cat >/dev/null; setsid sleep 600 & touch running; sleep 600"

    private func busyTown() async throws -> (TownOnDisk, task: String) {
        let town = try await TownOnDisk(agents: ["hang": Self.hangs])
        try await town.tt("spawn", "worker", "--cli", "hang")
        let task = try #require(try await town.json(["assign", "worker", "long work"], "task", "id"))
        try await town.tt("send", "worker", "--query", "which?")
        try await town.event("turn_started")
        try await town.appears("running")
        return (town, task)
    }

    @Test func `W7 - prune of all ends running turns first, and loses neither task nor message`() async throws {
        let (town, task) = try await busyTown()
        let refused = try await town.tt("prune")
        #expect(refused.contains("Nothing to prune: 1 agent is active"))
        let answer = try await town.tt("prune", "--all")
        #expect(answer.contains("🗑️  Removed worker (") && answer.contains("✨ Pruned 1 agent"))
        #expect(await town.processes.isEmpty, "neither the turn's tree nor the host is left")
        #expect(try await town.json(["list"], "agents", "0", "name") == nil)
        #expect(try await town.json(["task", "show", task], "task", "state") == "pending")
        #expect(try await town.json(["backlog", "list"], "tasks", "0", "id") == task)
        #expect(try await town.json(["dead", "list"], "messages", "0", "text") == "which?")
        try await town.close()
    }

    @Test func `W9 - reset ends turns and hosts before it forgets the town, and the town can be used at once`()
        async throws
    {
        let (town, task) = try await busyTown()
        #expect(try await town.tt("reset").contains("Run with --force to confirm"))
        #expect(try await town.json(["status"], "agents", "0", "state") == "working")
        #expect(try await town.tt("reset", "--force").contains("✅ Reset complete: deleted 1 agent, 1 task"))
        #expect(await town.processes.isEmpty)
        #expect(try await town.answer(["task", "show", task]).status == Processes.ExitStatus.exited(3))
        #expect(try await town.json(["status"], "queue", "waiting") == "0")
        try await town.tt("spawn", "worker", "--cli", "hang")
        try await town.tt("send", "worker", "again")
        try await town.event("turn_started", "worker")
        try await town.close()
    }

    @Test func `recover ends what a killed host left behind, and the agent goes on`() async throws {
        let town = try await TownOnDisk(agents: [
            "slow": "cat >/dev/null; if [ -e second ]; then exit 0; fi; touch second; setsid sleep 600 & sleep 600"
        ])
        try await town.tt("spawn", "worker", "--cli", "slow")
        try await town.tt("send", "worker", "work")
        try await town.event("turn_started")
        try await town.appears("second")
        let host = try await town.killHostAndGuardian()
        let answer = try await town.tt("recover")
        #expect(
            answer.contains("🔄 Recovered 'worker' (Working) - its host (pid \(host.pid)) is gone; its turn was put"))
        #expect(answer.contains("✨ Recovered 1 orphaned agent (1 agent checked)"))
        try await town.event("turn_finished")
        #expect(try await town.json(["status"], "queue", "waiting") == "0")
        #expect(try await town.tt("recover").contains("✨ No orphaned agents found (1 agent checked)"))
        try await town.close()
    }

    @Test func `start brings a town up after a stop, shows what happens, and Ctrl-C ends only the watching`()
        async throws
    {
        let town = try await TownOnDisk(agents: ["say": "cat >/dev/null"])
        try await town.tt("spawn", "worker", "--cli", "say")
        try await town.tt("stop")
        let watching = try await town.start("start", "--restart")
        let limit = Task {
            try await Task.sleep(for: .seconds(90))
            _ = watching.signal(.kill)
        }
        defer { limit.cancel() }
        var framer = LineFramer()
        var lines: [String] = []
        if let output = watching.output {
            for await chunk in output {
                for line in framer.append(chunk).map({ String(decoding: $0, as: UTF8.self) }) {
                    lines.append(line)
                    if line.contains("🚀 Town 'scratch' is open: 1 active agent, host pid") {
                        try await town.tt("send", "worker", "work")
                    }
                    if line.contains("[turn_finished]") { _ = watching.signal(.interrupt) }
                }
            }
        }
        #expect(await watching.exit == .exited(0))
        #expect(lines.contains("   ▶️  Restarted 'worker'") && lines.last == "👋 Closing town connection...")
        #expect(try await town.json(["list"], "agents", "0", "state") == "idle", "the agent goes on")
        #expect(try await town.hostPid != nil)
        try await town.close()
    }

    @Test func `an agent stops nobody and resets nothing in its own turn`() async throws {
        let town = try await TownOnDisk(
            agents: ["last": "cat >/dev/null; tt stop; echo $? >code; tt reset --force; echo $? >>code"])
        try await town.tt("spawn", "worker", "--cli", "last")
        try await town.tt("send", "worker", "work")
        try await town.event("turn_finished")
        #expect(try String(contentsOfFile: town.root + "/code", encoding: .utf8) == "7\n7\n")
        #expect(try await town.json(["list"], "agents", "0", "state") == "idle")
        try await town.close()
    }
}
