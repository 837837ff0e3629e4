import Foundation
import TestOrder
import TestTown
import Testing

/// What happens in a town when nobody looks, with the real binary.
@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct NightEndToEnd {
    private static let works = """
        cat >/dev/null
        if [ -n "$TINYTOWN_TASK_ID" ]; then tt task complete "$TINYTOWN_TASK_ID" --result done; fi
        """

    // An agent that left a task open rests for a moment before the next turn.
    private static let soon = "[agent]\nfirst_delay_secs = 0.05\nlongest_delay_secs = 0.1"

    @Test func `an agent that slept so long that its host ended wakes for mail`() async throws {
        let town = try await TownOnDisk(
            agents: ["works": Self.works], settings: "[agent]\nidle_timeout_secs = 0.2")
        try await town.tt("spawn", "reviewer", "--cli", "works")
        try await town.event("agent_state_changed", "sleeps")
        try await town.event("host_stopped")
        #expect(try await town.json(["status"], "agents", "0", "state") == "cold")
        #expect(try await !town.tt("list").contains("tt prune"))
        try await town.tt("send", "reviewer", "please review")
        try await town.event("turn_finished", "reviewer")
        try await town.close()
    }

    @Test func `an agent that completes its task and then exits 1 takes one turn and leaves no dead letter`()
        async throws
    {
        let town = try await TownOnDisk(agents: ["crashes": Self.works + "\nexit 1"])
        try await town.tt("spawn", "worker", "--cli", "crashes")
        try await town.tt("assign", "worker", "do it")
        try await town.event("turn_failed")
        #expect(try await town.json(["status"], "tasks", "completed") == "1")
        #expect(try await town.json(["status"], "queue", "dead") == "0")
        #expect(try await town.json(["status"], "queue", "waiting") == "0")
        #expect(try await town.json(["status"], "needs_you", "count") == "0")
        try await town.close()
    }

    @Test func `a failed task is one message, and a retry takes it away and works`() async throws {
        let town = try await TownOnDisk(
            agents: [
                "leaves": "cat >/dev/null\n[ -e \"$TINYTOWN_TOWN/mended\" ] || exit 0\n" + Self.works
            ], settings: Self.soon)
        try await town.tt("spawn", "worker", "--cli", "leaves")
        let task = try #require(try await town.json(["assign", "worker", "do it"], "task", "id"))
        try await town.event("task_failed")
        #expect(try await town.tt("status").contains("1 thing needs you: tt inbox"))
        #expect(try await town.json(["status"], "tasks", "failed") == "1")
        #expect(try await town.json(["inbox"], "messages", "0", "from_label") == "the town")
        try "".write(toFile: town.root + "/mended", atomically: true, encoding: .utf8)
        try await town.tt("task", "retry", task)
        try await town.event("task_completed")
        #expect(try await town.json(["status"], "needs_you", "count") == "0")
        try await town.close()
    }

    @Test func `a boss that assigns again and again comes to rest`() async throws {
        let town = try await TownOnDisk(
            agents: [
                "bosses": "cat >/dev/null; tt assign minion 'do it'", "leaves": "cat >/dev/null",
            ], settings: Self.soon)
        try await town.tt("spawn", "boss", "--cli", "bosses", "--role", "lead")
        try await town.tt("spawn", "minion", "--cli", "leaves")
        try await town.tt("send", "boss", "get it done")
        try await town.event("message_dead", "ping_pong")
        try await town.event("turn_finished", "minion finished turn 9")
        #expect(try await town.json(["status"], "agents", "0", "rounds_completed") == "3")
        #expect(try await town.tt("inbox", "--full").contains("Agents go round in circles"))
        try await town.close()
    }
}
