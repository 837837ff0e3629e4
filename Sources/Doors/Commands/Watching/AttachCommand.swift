import Arguments
import Model
import Operations
import Terminal

enum AttachCommand {
    static let command = Command(
        CommandSpec(
            "attach", "Follow an agent's output", group: Group.watching,
            options: [.value("lines", "n", "N", "how many of the last lines to begin with", standard: "20")],
            positionals: [
                Positional("AGENT", .one, "an agent's name, nickname or id", completion: .dynamic("agents"))
            ],
            examples: [Example("tt attach backend", "see what it does; Ctrl-C ends only the watching")],
            discussion: "Shows the agent's log as it grows, between lines that say how its state changes. Ctrl-C "
                + "detaches; the agent keeps running. It ends by itself when the agent stops.")
    ) { context in
        guard !context.wantsJSON else {
            throw CommandFailure.usage("attach is for people and has no JSON form", hint: "see: tt events -f --json")
        }
        let lines = try context.arguments.int("lines", in: 0...10_000_000) ?? 20
        try await context.withTown(.readOnly) { town in
            let agent = try await town.agent(context.arguments.required("AGENT"))
            let service = context.service(town)
            let reference = agent.id.description
            let events = try await service.open(FollowEvents.self, .init(agent: reference))
            let log = try await service.open(FollowLog.self, .init(agent: reference, lines: lines))
            let name = TerminalText.line(agent.label)
            let shown = try await town.views(of: [agent])[0].state
            context.say(context.style.dim("── \(name) is \(shown.rawValue). Ctrl-C detaches"))
            if let still = try await town.stillness(of: agent) {
                for line in told(still, town.time.now(), context) {
                    guard context.console.write(context.style.yellow("── \(line)") + "\n") else { return }
                }
            }
            if let elsewhere = try await town.logElsewhere(of: agent) {
                context.say(context.style.dim("── \(elsewhere.line(agent.name))"))
            }
            if agent.state.isTerminal {
                let log = try? await service.call(ReadLog.self, .init(agent: reference, lines: lines)).output
                for line in log?.lines ?? [] { context.console.write(TerminalText.sanitized(line) + "\n") }
                return
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await added in log {
                        guard context.console.write(TerminalText.sanitized(added.text)) else { return }
                    }
                }
                group.addTask {
                    for try await event in events {
                        guard try await show(event, agent.id, town, context) else { return }
                    }
                }
                // Whichever ends first ends the other: the agent ended, or nobody reads any more.
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func show(
        _ event: Event, _ agent: AgentID, _ town: OpenTown, _ context: CommandContext
    ) async throws -> Bool {
        guard tell(event, context) else { return false }
        guard let now = try await town.store.agent(agent), !now.state.isTerminal else { return false }
        // A turn has ended, and perhaps nothing comes any more.
        if [.turnFinished, .turnFailed, .agentInterrupted, .agentAttention].contains(event.type),
            let still = try await town.stillness(of: now), still.until != nil || now.state == .paused
        {
            for line in told(still, town.time.now(), context) {
                guard context.console.write(context.style.yellow("── \(line)") + "\n") else { return false }
            }
        }
        return true
    }

    /// Why nothing comes, and what to do.
    private static func told(_ still: Stillness, _ now: Timestamp, _ context: CommandContext) -> [String] {
        var reason = "Nothing comes now: " + TerminalText.line(still.reason)
        if let until = still.until {
            reason += "; next try at \(context.zone.clock(until, near: now)) (\(TimeText.ahead(until - now)))"
        }
        guard let advice = still.advice.map(CommandPhrase.text) else { return [reason] }
        return [reason, (advice.hasPrefix("tt ") ? "What helps: " : "You can ") + TerminalText.line(advice)]
    }

    private static func tell(_ event: Event, _ context: CommandContext) -> Bool {
        let line =
            "── \(context.zone.clock(event.timestamp)) \(event.text.shortened(to: context.width.map { $0 - 13 }))"
        return context.console.write(context.style.dim(line) + "\n")
    }
}
