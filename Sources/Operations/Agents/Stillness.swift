public import Model

/// Why nothing comes from an agent now, and what a person can do about it.
public struct Stillness: Sendable, Equatable {
    /// A clause: `it is paused: no credentials`.
    public var reason: String
    /// When it tries again, where that is known.
    public var until: Timestamp?
    /// What to do. Nil if it goes on by itself.
    public var advice: Remedy?
}

extension OpenTown {
    /// Nil while the agent takes a turn, or will in a moment.
    public func stillness(of agent: Agent) async throws -> Stillness? {
        let view = try await views(of: [agent])[0]
        if view.lease != nil { return nil }
        if let standstill = agent.standstill {
            return Stillness(reason: "it \(standstill.reason)", advice: .text(standstill.command))
        }
        if agent.isBackingOff(at: time.now()) {
            let why = view.waitsBecause.map { ": \($0)" } ?? ""
            return Stillness(reason: "it waits before its next try\(why)", until: agent.retryAt)
        }
        let hosts = try await store.hosts().filter { liveness(of: $0).isAlive }
        if hosts.isEmpty {
            return Stillness(reason: "no host runs, so no agent takes turns", advice: .operation("host.start"))
        }
        if view.pending.total > 0 { return nil }
        if let task = try await store.tasks(
            TaskFilter(states: [.pending], assignee: agent.id, isWaiting: true), page: Page(limit: 1)
        ).first {
            let needs = try await waitsFor(task).map(\.shortID).joined(separator: ", ")
            return Stillness(
                reason: "its task \(task.id.description.prefix(8)) waits for \(needs.isEmpty ? "others" : needs)",
                advice: .operation("task.show", ["task": String(task.id.description.prefix(8))]))
        }
        return Stillness(
            reason: "nothing waits for it",
            advice: .operation("task.assign", ["agent": agent.name, "task": "…"], why: "give it work with"))
    }
}
