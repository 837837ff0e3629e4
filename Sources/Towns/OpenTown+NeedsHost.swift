import Configuration
import Engine
import Model
public import Operations

extension OpenTown {
    /// Whether a background host has something to do: an agent that no terminal runs is awake, mail waits for one that
    /// sleeps, the conductor has to be woken for its goal, or a task of the backlog suits one that sleeps and was not
    /// offered it yet.
    public func needsHost() async throws -> Bool {
        var pulses = try await store.pulse()
        let busy = pulses.contains(where: \.isBusy)
        if pulses.contains(where: { $0.agent.pinnedTo != nil }) {
            // What is pinned to a host that is gone is freed by the next one.
            let alive = Set(try await store.hosts().filter { liveness(of: $0).isAlive }.map(\.id))
            pulses.removeAll { $0.agent.pinnedTo.map(alive.contains) ?? false }
        }
        if pulses.contains(where: \.needsHost) { return true }
        if !busy, try await Goal.isUndecided(in: store) { return true }
        // One that waits for its next try is offered nothing until then, and a host for it would end at once.
        let now = time.now()
        let sleepers = pulses.map(\.agent).filter {
            $0.state == .cold && $0.kind == .worker && $0.role != nil && !$0.isBackingOff(at: now)
        }
        guard configuration.offersBacklog, !sleepers.isEmpty, try await store.taskCounts().backlog > 0 else {
            return false
        }
        for task in try await store.tasks(.backlog, page: Page(limit: 50)) {
            for agent in sleepers where BacklogMatch.suits(role: agent.role, tags: task.tags) {
                if try await store.delivery(MessageID(offering: task.id, to: agent.id)) == nil { return true }
            }
        }
        return false
    }
}
