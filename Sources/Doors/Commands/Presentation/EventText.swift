import Model
import Terminal

/// Events as people read them.
enum EventText {
    /// `14:03:05 [task_assigned] backend — Task 3f2a… assigned`.
    static func row(_ event: Event, _ labels: [AgentID: String], _ context: CommandContext) -> String {
        let who = event.agent.map { TerminalText.line(labels[$0] ?? $0.short) } ?? "town"
        let head = "\(event.timestamp.clock) [\(event.type.rawValue)] \(who)"
        let room = context.width.map { $0 - TerminalText.width(head) - 3 }
        return "\(head) — \(event.message.shortened(to: room))"
    }
}
