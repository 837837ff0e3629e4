import Arguments
import Model
import Operations
import Terminal

enum CostsCommand {
    static let command = Command(
        CommandSpec(
            "costs", "Show what turns cost", group: Group.watching,
            options: [
                .value(
                    "by", nil, "WHAT", "a row for each of these", standard: "agent",
                    completion: .values(ReadCosts.Grouping.allCases.map(\.rawValue))),
                .value("agent", nil, "AGENT", "only turns of this agent", completion: .dynamic("agents")),
                .value("days", "d", "N", "only the last N days, today included"),
            ],
            examples: [
                Example("tt costs", "turns, tokens and money by agent"),
                Example("tt costs --by day --days 7", "the last week, day by day"),
                Example("tt costs --by task --agent backend", "what backend's tasks cost"),
                Example("tt costs --by model --json", "by model, for programs"),
            ],
            discussion: "Adds up what each CLI reports of its turns. Some report tokens but no money, and some report "
                + "nothing: such turns are counted, and the last column says how many have no price. INPUT is all of "
                + "the input; CACHED is the part that was read from a cache, WRITTEN the part that was written to one, "
                + "as far as CLIs report it. A turn that worked on several tasks counts for the first. The event log is where the figures are kept; it holds the "
                + "newest 100,000 events. Days are local; with --json they are days in UTC.")
    ) { context in
        let arguments = context.arguments
        let grouping = arguments.string("by").flatMap(ReadCosts.Grouping.init) ?? .agent
        let days = try arguments.int("days", in: 1...36_500)
        let zone = context.wantsJSON ? LocalTime.utc : context.zone
        let output = try await context.withTown(.readOnly) { town in
            let now = town.time.now()
            let since = days.map { zone.dayBegan(now) - .seconds(($0 - 1) * 86_400) }
            return try await context.call(
                ReadCosts.self,
                .init(by: grouping, since: since, agent: arguments.string("agent"), utcOffset: zone.offset(at: now)),
                in: town)
        }
        try context.show(output) { lines($0, context) }
    }

    private static func lines(_ output: ReadCosts.Output, _ context: CommandContext) -> [String] {
        guard let since = output.since else { return ["No turns yet."] }
        let first = output.by.rawValue.uppercased()
        let hasUnpriced = output.total.costUSD != nil && output.total.unpriced > 0
        var columns: [Table.Column] = [
            .init(first, isFlexible: true, least: 18), .init("TURNS", isRight: true),
            .init("FAILED", isRight: true, isDispensable: true), .init("INPUT", isRight: true, isDispensable: true),
            .init("CACHED", isRight: true, isDispensable: true),
            .init("WRITTEN", isRight: true, isDispensable: true), .init("OUTPUT", isRight: true, isDispensable: true),
            .init("COST", isRight: true),
        ]
        if hasUnpriced { columns.append(.init("NO PRICE", isRight: true, isDispensable: true)) }
        var table = Table(columns)
        let rows = output.rows.map { ($0.key.flatMap(taskID(output.by)) ?? "", $0.label, $0.spent) }
        for (id, label, spent) in rows + [("", "total", output.total)] {
            let isMetered = spent.unmetered < spent.turns
            var cells = [id + label, String(spent.turns), spent.failed == 0 ? "" : String(spent.failed)]
            cells += [spent.inputTokens, spent.cachedInputTokens, spent.cacheWriteTokens, spent.outputTokens].map {
                isMetered ? $0.shownCount : "-"
            }
            cells.append(spent.costUSD?.shownDollars ?? "-")
            if hasUnpriced { cells.append(spent.unpriced == 0 ? "" : String(spent.unpriced)) }
            table.add(cells)
        }
        let zone = context.zone
        return table.lines(width: context.width, style: context.style).map(\.withoutTrailingSpace)
            + [context.style.dim("since \(zone.dateAndClock(since)) \(zone.name(at: since))")]
    }

    private static func taskID(_ grouping: ReadCosts.Grouping) -> (String) -> String? {
        { grouping == .task ? String($0.prefix(8)) + " " : nil }
    }
}
