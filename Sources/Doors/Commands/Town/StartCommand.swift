import Arguments
import Model
import Operations
import Terminal

enum StartCommand {
    static let command = Command(
        CommandSpec(
            "start", "Start the town and watch it", group: Group.agents,
            options: [
                .flag("detach", "d", "start it and return"),
                .flag("restart", nil, "also bring back stopped agents"),
            ],
            examples: [
                Example("tt start", "see what happens, until Ctrl-C"),
                Example("tt start --restart --detach", "everybody works again, after tt stop or a reboot"),
            ],
            discussion: "Rarely needed: every command that gives work starts what it needs. Ctrl-C ends the watching; "
                + "agents go on in the background until tt stop.")
    ) { context in
        let arguments = context.arguments
        let detaches = arguments.flag("detach")
        guard detaches || !context.wantsJSON else {
            throw CommandFailure.usage(
                "watching has no JSON form here", hint: "say --detach, or see: tt events -f --json")
        }
        let shutdown = detaches ? nil : Shutdown()
        try await context.withTown(.readWrite) { town in
            let recovered = try await context.call(RecoverTown.self, Nothing(), in: town, startsHost: false).recovered
            for agent in recovered { context.say("   🔄 Recovered '\(TerminalText.line(agent.name))'") }
            if arguments.flag("restart") { try await restart(town, context) }
            try await context.parts.ensureHost(town)
            let events = try await context.service(town).open(FollowEvents.self, .init())
            let status = try await context.call(ReadStatus.self, Nothing(), in: town)
            try context.show(status) { opening($0, follows: !detaches) }
            guard let shutdown else { return }
            try await watch(events, shutdown, town, context)
            context.say("", "👋 Closing town connection...")
        }
    }

    private static func opening(_ status: ReadStatus.Output, follows: Bool) -> [String] {
        let live = status.agents.count { !$0.state.isTerminal }
        let host = status.hosts.first { $0.alive && !$0.foreground }.map { ", host pid \($0.pid)" } ?? ""
        let name = TerminalText.line(status.town.name)
        var lines = ["🚀 Town '\(name)' is open: \(live) active agent\(live == 1 ? "" : "s")\(host)"]
        if live == 0 {
            let ended = status.agents.count
            lines.append(
                ended == 0
                    ? "   Add one with: tt spawn NAME"
                    : "   \(ended) agent\(ended == 1 ? " has" : "s have") ended; bring them back with: tt start --restart"
            )
        }
        if follows { lines.append("   Ctrl-C ends the watching; agents go on until: tt stop") }
        return lines
    }

    /// A name may have a new bearer by now; such an agent stays as it is.
    private static func restart(_ town: OpenTown, _ context: CommandContext) async throws {
        for agent in try await town.store.agents() where agent.state.isTerminal {
            do {
                _ = try await context.call(
                    RestartAgent.self, .init(agent: agent.id.description), in: town, startsHost: false)
                context.say("   ▶️  Restarted '\(TerminalText.line(agent.name))'")
            } catch let error as OperationError where error.code.kind == .conflict {
                context.warn(error.description)
            }
        }
    }

    private static func watch(
        _ events: AsyncThrowingStream<Event, any Error>, _ shutdown: Shutdown, _ town: OpenTown,
        _ context: CommandContext
    ) async throws {
        let following = Task {
            for try await event in events {
                let labels = try await town.labels()
                let text = EventText.row(event, labels, context).joined(separator: "\n")
                guard context.console.write(text + "\n") else { return }
            }
        }
        do {
            try await shutdown.guarding { _ in
                following.cancel()
            } _: {
                try await withTaskCancellationHandler {
                    try await following.value
                } onCancel: {
                    following.cancel()
                }
            }
        } catch is CancellationError {}
    }
}
