import Arguments
import Model
import Operations
import Terminal

enum ListCommand {
    static let command = Command(
        CommandSpec(
            "list", "List the agents", group: Group.agents,
            options: [.flag("live", nil, "only agents that are still active")],
            examples: [
                Example("tt list", "who is in the town"),
                Example("tt list --live", "without those that have stopped"),
                Example("tt list --json | jq -r '.agents[].name'", "only the names"),
            ])
    ) { context in
        let (output, now, isSpread) = try await context.withTown(.readOnly) { town in
            let output = try await context.call(ListAgents.self, .init(live: context.arguments.flag("live")), in: town)
            let isWorking = output.agents.contains { $0.lease != nil }
            let hosts = isWorking ? try await town.store.hosts() : []
            let isSpread = hosts.contains { town.isAlive($0) == nil }
            return (output, town.time.now(), isSpread)
        }
        try context.show(output) { output in
            guard !output.agents.isEmpty else { return ["No agents. Add one with: tt spawn NAME"] }
            var columns: [Table.Column] = [
                .init("AGENT", isFlexible: true, least: 18), .init("ID"), .init("STATE"),
                .init("CLI", isFlexible: true, isDispensable: true),
                .init("TURNS", isRight: true, isDispensable: true), .init("PENDING", isRight: true),
                .init("ACTIVE", isDispensable: true),
            ]
            if isSpread { columns.append(.init("WORKS ON", isDispensable: true)) }
            var table = Table(columns)
            for agent in output.agents {
                var cells = [
                    StyledText(agent.label), StyledText(agent.shortID), StyledText(agent.state.shown, agent.state.tone),
                ]
                cells += [
                    agent.cli, String(agent.turnsCompleted), String(agent.pending.total),
                    TimeText.ago(now - agent.lastActiveAt),
                ].map { StyledText($0) }
                if isSpread { cells.append(StyledText(agent.lease?.machine ?? "")) }
                table.add(cells)
            }
            let rows = table.lines(width: context.width, style: context.style).map(\.withoutTrailingSpace)
            var lines = [rows[0]]
            for (agent, row) in zip(output.agents, rows.dropFirst()) {
                lines.append(row)
                // What a person has to know has a place of its own, so that no width cuts it.
                guard let notice = agent.notice else { continue }
                let text = StyledText("    ⚠️  ") + StyledText(notice, agent.state.tone)
                lines += (context.width.map { text.wrapped(to: $0, indent: 8) } ?? [text]).map {
                    $0.rendered(context.style)
                }
            }
            // Those for which mail waits are not suggested to be forgotten.
            let ended = output.agents.count { $0.state.isTerminal && $0.pending.total == 0 && $0.attention == nil }
            if ended > 0 { lines += ["", "🧹 \(ended) stopped agent\(ended == 1 ? "" : "s"). Remove with: tt prune"] }
            return lines
        }
    }
}
