import Arguments
import Model
import Operations
import Terminal

enum ReclaimCommand {
    static let command = Command(
        CommandSpec(
            "reclaim", "List or move the work of stopped agents", group: Group.agents,
            options: [
                .flag("to-backlog", nil, "move tasks to the backlog, for any agent with time"),
                .value("to", nil, "AGENT", "move tasks and messages to this agent", completion: .dynamic("agents")),
                .value("from", nil, "AGENT", "only the work of this agent", completion: .dynamic("ended")),
            ],
            examples: [
                Example("tt reclaim", "see orphaned work; changes nothing"),
                Example("tt reclaim --to-backlog", "let others claim it"),
                Example("tt reclaim --from backend --to frontend", "hand it over"),
            ], exclusive: [["to-backlog", "to"]],
            discussion: "To the backlog go open tasks, and a task for each message that describes work; questions and "
                + "other messages stay in the inbox. --to moves those too, in their order.")
    ) { context in
        let arguments = context.arguments
        let toBacklog = arguments.flag("to-backlog")
        let to = arguments.string("to")
        let isPreview = !toBacklog && to == nil
        try await context.withTown(isPreview ? .readOnly : .readWrite) { town in
            let output = try await context.call(
                ReclaimWork.self, .init(from: arguments.string("from"), to: to, toBacklog: toBacklog), in: town)
            try context.show(output) { lines($0, context) }
        }
    }

    private static func lines(_ output: ReclaimWork.Output, _ context: CommandContext) -> [String] {
        guard !output.agents.isEmpty else { return ["✨ No orphaned work found"] }
        let place = output.destination.map { TerminalText.line($0) } ?? "backlog"
        var lines = [output.moved ? "🔄 Reclaiming orphaned work..." : "🔍 Orphaned work:"]
        for agent in output.agents {
            let state = agent.state?.shown ?? "unknown to the town"
            lines.append("   \(TerminalText.line(agent.name)) (\(state)): \(agent.items.count.of("item"))")
            for item in agent.items {
                let head = item.moved ? "→ \(place): " : output.moved ? "stays: \(item.kind): " : "\(item.kind): "
                let room = context.width.map { $0 - 6 - TerminalText.width(head) }
                lines.append("      \(head)\(item.title.shortened(to: room))")
            }
        }
        guard output.moved else {
            let count = output.agents.reduce(0) { $0 + $1.items.count }
            return lines + [
                "📋 Found \(count.of("orphaned item")). Nothing was changed",
                "   Use --to-backlog or --to AGENT to reclaim them",
            ]
        }
        let moved = output.agents.reduce(0) { $0 + $1.moved }
        let left = output.agents.reduce(0) { $0 + $1.left }
        lines.append("✅ Moved \(moved.of("item")) to \(output.destination == nil ? "backlog" : "'\(place)'")")
        if left > 0 { lines.append("   \(left.of("message")) left in the inboxes; --to AGENT moves them") }
        return lines
    }
}
