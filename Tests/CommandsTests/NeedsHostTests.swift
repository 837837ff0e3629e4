import Configuration
import MemoryStore
import Model
import Operations
import TestSupport
import Testing
import Towns

/// When a background host is started.
struct NeedsHostTests {
    private struct Clock: TimeSource {
        var instant: Timestamp
        func now() -> Timestamp { instant }
        func sleep(for duration: Duration) async throws {}
    }

    /// A host offers nothing to an agent that waits for its next try, so it would end at once, and be started again and
    /// again.
    @Test func `a sleeping agent that waits for its next try needs no host for the backlog before that`() async throws {
        let start = Timestamp(microseconds: 1_800_000_000_000_000)
        let store: any Store = MemoryStore()
        func town(at now: Timestamp) -> OpenTown {
            OpenTown(
                root: "/town", configuration: TownConfiguration(name: "demo"), store: store, time: Clock(instant: now),
                random: SeededRandomness(seed: 1), janitor: UnknownHosts())
        }
        var agent = Agent(id: AgentID(high: 1, low: 1), name: "ada", cli: "x", createdAt: start)
        agent.role = "worker"
        agent.state = .cold
        agent.retryAt = start + .seconds(3600)
        agent.consecutiveFailures = 1
        try await store.register(agent, maxAgents: 10)
        var task = AgentTask(
            id: TaskID(high: 2, low: 2), description: "x", createdBy: .supervisor, createdAt: start)
        task.inBacklog = true
        try await store.create(task, assignee: nil)
        #expect(try await !town(at: start).needsHost())
        #expect(try await town(at: start + .seconds(3601)).needsHost())
    }
}
