import Arguments
import Model
import Operations
import Terminal

enum ListCommand {
    static let verb = Verb(
        CommandSpec(
            "list", "List the agents", group: Group.agents,
            options: [.flag("live", nil, "only agents that are still active")],
            examples: [
                Example("tt list", "who is in the town"),
                Example("tt list --json | jq -r '.agents[].name'", "only the names"),
            ])
    ) { context in
        let (output, now, isSpread) = try await context.withTown(.readOnly) { town in
            let output = try await ListAgents.call(.init(live: context.arguments.flag("live")), in: town)
            let isWorking = output.agents.contains { $0.lease != nil }
            let hosts = isWorking ? try await town.store.hosts() : []
            let isSpread = hosts.contains { town.isAlive($0) == nil }
            return (output, town.time.now(), isSpread)
        }
        try context.show(output) { output in
            guard !output.agents.isEmpty else { return ["No agents. Start one with: tt spawn NAME"] }
            let needsAttention = output.agents.contains { $0.attention != nil }
            var columns: [Table.Column] = [
                .init("AGENT", isFlexible: true), .init("ID"), .init("STATE"),
                .init("CLI", isFlexible: true, isDispensable: true),
                .init("ROUNDS", isRight: true, isDispensable: true), .init("PENDING", isRight: true),
                .init("ACTIVE", isDispensable: true),
            ]
            if isSpread { columns.append(.init("WORKS ON", isDispensable: true)) }
            if needsAttention { columns.append(.init("ATTENTION", isFlexible: true)) }
            var table = Table(columns)
            for agent in output.agents {
                var cells = [
                    agent.label, agent.shortID, agent.state.shown, agent.cli, String(agent.roundsCompleted),
                    String(agent.pending.total), TimeText.relative(now - agent.lastActiveAt),
                ]
                if isSpread { cells.append(agent.lease?.machine ?? "") }
                table.add(needsAttention ? cells + [agent.attention ?? ""] : cells)
            }
            var lines = table.lines(width: context.width, style: context.style).map(\.withoutTrailingSpace)
            let ended = output.agents.count { $0.state == .stopped || $0.state == .error }
            if ended > 0 { lines += ["", "🧹 \(ended) ended agent\(ended == 1 ? "" : "s"); remove with: tt prune"] }
            return lines
        }
    }
}
