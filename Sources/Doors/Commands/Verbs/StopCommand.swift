import Arguments
import Model
import Operations
import Terminal

enum StopCommand {
    static let verb = Verb(
        CommandSpec(
            "stop", "Stop all agents and the host", group: Group.agents,
            options: [
                .flag("now", nil, "end present turns; their messages go back to the inboxes"),
                .flag("no-wait", nil, "ask, and do not wait until they have stopped"),
            ],
            examples: [
                Example("tt stop", "let present turns end, then stop"),
                Example("tt stop --now", "stop at once; nothing is lost"),
            ],
            discussion: "Inboxes, tasks and sessions are kept. Waits until every turn has ended and the host is gone.")
    ) { context in
        let arguments = context.arguments
        try await context.withTown(.readWrite) { town in
            let wait = try await TownWait(town, context)
            let hosts = try await town.store.hosts()
            let output = try await StopAllAgents.call(.init(now: arguments.flag("now")), in: town)
            let count = output.agents.count
            let asked = Set(output.agents.map(\.id))
            context.say(count == 0 ? "No active agents." : "🛑 Asked \(count) agent\(count == 1 ? "" : "s") to stop")
            // A turn that stops its own agent cannot wait for its own end.
            let isInTurn = try await town.callingAgent() != nil
            let waits = !arguments.flag("no-wait") && !isInTurn
            if waits { try await wait.untilStopped(asked) }
            let agents = try await ListAgents.call(.init(), in: town).agents
            if waits, agents.allSatisfy(\.state.isTerminal) {
                await wait.untilGone(hosts)
            }
            struct Stopped: Encodable {
                var agents: [AgentView]
                var live: Int
            }
            let stopped = Stopped(
                agents: agents.filter { asked.contains($0.id) }, live: agents.filter { !$0.state.isTerminal }.count)
            try context.show(stopped) { $0.live == 0 && count > 0 ? ["✅ All agents have stopped"] : [] }
        }
    }
}
