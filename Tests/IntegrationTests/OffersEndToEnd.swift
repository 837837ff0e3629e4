import Concurrency
import TestOrder
import TestTown
import Testing

/// Idle agents and the backlog, with the real binary.
@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct OffersEndToEnd {
    private static let takes = """
        cat >prompt.txt
        for task in $(sed -n 's/.*`tt backlog claim \\([0-9a-f-]*\\) .*/\\1/p' prompt.txt); do
            tt backlog claim "$task" && tt task complete "$task" --result "by $TINYTOWN_AGENT_NAME"
        done
        """

    @Test func `W20 - an idle agent is offered a task that suits its role as soon as it is in the backlog`()
        async throws
    {
        let town = try await TownOnDisk(agents: ["takes": Self.takes])
        try await town.tt("spawn", "builder", "--cli", "takes", "--role", "backend")
        let task = try #require(
            try await town.json(["backlog", "add", "Harden the errors", "--tags", "api"], "task", "id"))
        try await town.event("task_completed")
        #expect(try await town.json(["task", "show", task], "task", "result") == "by builder")
        try await town.event("turn_finished", "turn 1")
        #expect(try await town.json(["status"], "tasks", "backlog") == "0")
        try await town.close()
    }

    @Test func `W43 - a task for another role is not offered, whatever the agent's name holds`() async throws {
        let town = try await TownOnDisk(agents: ["takes": Self.takes])
        try await town.tt("spawn", "builder", "--cli", "takes", "--role", "docs")
        try await town.tt("backlog", "add", "Draw the buttons", "--tags", "ui")
        try await town.tt("backlog", "add", "Write the manual", "--tags", "docs")
        try await town.event("task_completed", "Write the manual")
        try await town.event("turn_finished")
        #expect(try await town.json(["status"], "tasks", "backlog") == "1")
        #expect(try await town.json(["events", "--type", "task_offered"], "events", "1", "message") == nil)
        try await town.close()
    }

    @Test func `an agent that leaves an offer is not offered the same again, and others are asked`() async throws {
        let town = try await TownOnDisk(agents: ["leaves": "cat >/dev/null"])
        try await town.tt("spawn", "first", "--cli", "leaves", "--role", "worker")
        try await town.tt("backlog", "add", "Nobody wants this")
        try await town.event("turn_finished", "first")
        try await town.tt("spawn", "second", "--cli", "leaves", "--role", "worker")
        try await town.event("turn_finished", "second")
        // A turn more of each: an agent that could be asked again would be.
        try await town.tt("send", "first", "work")
        try await town.event("turn_finished", "first finished turn 2")
        try await town.tt("send", "second", "work")
        try await town.event("turn_finished", "second finished turn 2")
        #expect(try await town.json(["events", "--type", "task_offered"], "events", "1", "message") != nil)
        #expect(try await town.json(["events", "--type", "task_offered"], "events", "2", "message") == nil)
        #expect(try await town.json(["status"], "tasks", "backlog") == "1")
        try await town.close()
    }

    @Test func `a host that died is replaced when something is put into the backlog`() async throws {
        let town = try await TownOnDisk(agents: ["takes": Self.takes])
        try await town.tt("spawn", "worker", "--cli", "takes", "--role", "worker")
        try await town.killHostAndGuardian()
        try await town.tt("backlog", "add", "Something to do")
        try await town.event("task_completed")
        try await town.close()
    }

    @Test func `offers can be switched off`() async throws {
        let town = try await TownOnDisk(
            agents: ["takes": Self.takes], settings: "[agent]\noffer_backlog = false")
        try await town.tt("spawn", "worker", "--cli", "takes", "--role", "worker")
        try await town.tt("backlog", "add", "Something to do")
        try await town.tt("send", "worker", "--info", "nothing")
        try await town.tt("send", "worker", "own work")
        // The turn's prompt shows the backlog and its command without an id: nothing is claimed by this script.
        try await town.event("turn_finished")
        #expect(try await town.json(["events", "--type", "task_offered"], "events", "0", "message") == nil)
        #expect(try await town.json(["status"], "tasks", "backlog") == "1")
        try await town.close()
    }
}
