import Arguments
import Model
import Operations
import Towns

enum StopCommand {
    static let command = Command(
        CommandSpec(
            "stop", "Stop all agents and the host", group: Group.agents,
            options: [
                .flag("now", nil, "end current turns; their messages go back to the inboxes"),
                .flag("no-wait", nil, "don't wait until they have stopped"),
                .flag("server", nil, "also stop the Redis server that tt runs for it"),
            ],
            examples: [
                Example("tt stop", "let current turns end, then stop"),
                Example("tt stop --now", "stop at once; nothing is lost"),
                Example("tt stop --server", "leave no process of this town running"),
            ],
            discussion: "Inboxes, tasks and sessions are kept. Waits until every turn has ended and the host is gone, "
                + "on other machines as well.")
    ) { context in
        let arguments = context.arguments
        // Looked at first: where no server can be ended, no agent is stopped for it.
        let server = arguments.flag("server") ? try await context.townServer() : nil
        guard server == nil || !arguments.flag("no-wait") else {
            throw CommandFailure.usage("--server waits for agents to stop", hint: "leave --no-wait out")
        }
        if let server, try await !server.isRunning() {
            let stopped = Stopped(agents: [], live: 0, server: .notRunning)
            return try context.show(stopped) { _ in ["The town's server does not run, and so does no agent."] }
        }
        var stopped = try await context.withTown(.readWrite, runs: false) { town in
            let wait = try await TownWait(town, context)
            let hosts = try await town.store.hosts()
            let output = try await context.call(StopAllAgents.self, .init(now: arguments.flag("now")), in: town)
            let count = output.agents.count
            let asked = Set(output.agents.map(\.id))
            context.say(count == 0 ? "No active agents." : "🛑 Asked \(count) agent\(count == 1 ? "" : "s") to stop")
            // A turn that stops its own agent cannot wait for its own end.
            let isInTurn = try await town.callingAgent() != nil
            let waits = !arguments.flag("no-wait") && !isInTurn
            if waits { try await wait.untilStopped(asked) }
            let agents = try await context.call(ListAgents.self, .init(), in: town).agents
            if waits, agents.allSatisfy(\.state.isTerminal) {
                await wait.untilGone(hosts)
            }
            return Stopped(
                agents: agents.filter { asked.contains($0.id) }, live: agents.filter { !$0.state.isTerminal }.count)
        }
        if let server {
            guard stopped.live == 0 else {
                throw OperationError(
                    .conflict, "agents are live, so the server goes on", hint: "see who: tt list --live")
            }
            stopped.server = try await server.stop()
        }
        try context.show(stopped) { stopped in
            var lines = stopped.live == 0 && !stopped.agents.isEmpty ? ["✅ All agents have stopped"] : []
            if stopped.server == .ended { lines.append("✅ The town's server has ended; any command starts it again") }
            return lines
        }
    }

    private struct Stopped: Encodable {
        var agents: [AgentView]
        var live: Int
        /// What became of the server; missing where nobody asked for its end.
        var server: TownServer.Ending?
    }
}
