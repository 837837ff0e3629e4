import Arguments
import Configuration
import Model
import Operations
import Terminal

enum AttachCommand {
    static let verb = Verb(
        CommandSpec(
            "attach", "Follow an agent live", group: Group.watching,
            options: [.value("lines", "n", "N", "begin with so many of the last lines", standard: "20")],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname, label or id", completion: .dynamic("agents"))
            ],
            examples: [Example("tt attach backend", "see what it does; Ctrl-C ends only the looking")],
            discussion: "Shows the agent's log as it grows, between lines that say how its state changes. Ctrl-C "
                + "detaches; the agent goes on. Ends by itself when the agent ends.")
    ) { context in
        guard !context.wantsJSON else {
            throw CommandFailure.usage("attach is for people and has no JSON form", hint: "see: tt events -f --json")
        }
        let lines = try context.arguments.int("lines", in: 0...10_000_000) ?? 20
        try await context.withTown(.readOnly) { town in
            let agent = try await town.agent(context.arguments.required("AGENT"))
            let events = try await EventFollower(town: town, filter: EventFilter(agent: agent.id))
            let log = try LogFollower(TownFiles(root: town.root).log(agent: agent.name))
            let name = TerminalText.line(agent.label)
            context.say(context.style.dim("── \(name) is \(agent.state.rawValue); Ctrl-C detaches"))
            if let place = try await town.otherLogs(of: agent) { context.say(context.style.dim("── \(place)")) }
            if agent.state.isTerminal {
                let reader = LogReader(TownFiles(root: town.root).log(agent: agent.name))
                context.console.write(TerminalText.sanitized(String(decoding: reader.tail(lines), as: UTF8.self)))
                return
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await log.run(lines: lines) { context.console.write($0) } }
                group.addTask {
                    try await events.run(newest: 0) { event in try await show(event, agent.id, town, context) }
                }
                // Whichever ends first ends the other: the agent ended, or nobody reads any more.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func show(
        _ event: Event, _ agent: AgentID, _ town: Town, _ context: CommandContext
    ) async throws -> Bool {
        let line = "── \(event.timestamp.clock) \(event.message.shortened(to: context.width.map { $0 - 13 }))"
        guard context.console.write(context.style.dim(line) + "\n") else { return false }
        return try await town.store.agent(agent)?.state.isTerminal == false
    }
}
