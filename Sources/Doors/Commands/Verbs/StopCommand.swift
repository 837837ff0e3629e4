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
            // Subscribed first, so that no change is missed between asking and waiting.
            let changes = try await town.store.changes()
            let hosts = try await town.store.hosts()
            let output = try await StopAllAgents.call(.init(now: arguments.flag("now")), in: town)
            let count = output.agents.count
            let asked = Set(output.agents.map(\.id))
            context.say(count == 0 ? "No active agents." : "🛑 Asked \(count) agent\(count == 1 ? "" : "s") to stop")
            if !arguments.flag("no-wait") { try await drain(town, asked: asked, changes, context) }
            let agents = try await ListAgents.call(.init(), in: town).agents
            if !arguments.flag("no-wait"), agents.allSatisfy(\.state.isTerminal) {
                await waitForEnd(of: hosts, town, context)
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

    /// A host that has left the town's list takes a moment more to end as a process. Not for long: it may have found
    /// new work in that moment.
    private static func waitForEnd(of hosts: [Host], _ town: Town, _ context: CommandContext) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for host in hosts where town.isAlive(host) == true { try? await context.parts.waitForEnd(host) }
            }
            group.addTask { try? await town.time.sleep(for: .seconds(5)) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Returns when none of the agents that were `asked` is live, and no host runs any more unless it serves others:
    /// agents that somebody adds meanwhile are not waited for.
    private static func drain(
        _ town: Town, asked: Set<AgentID>, _ changes: AsyncStream<Void>, _ context: CommandContext
    ) async throws {
        // One stream for all that can happen: a task that is cancelled while it reads `changes` would end them.
        let (rings, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        var waiting = [Task { for await _ in changes { ring.yield() } }]
        defer { for task in waiting { task.cancel() } }
        var bells = rings.makeAsyncIterator()
        var watched: Set<HostID> = []
        var said = ""
        var askedHost = false
        while true {
            let all = try await town.store.agents().filter { !$0.state.isTerminal }
            let live = all.filter { asked.contains($0.id) }
            let hosts = try await town.store.hosts().filter { town.isAlive($0) ?? ($0.expiresAt > town.time.now()) }
            if live.isEmpty, hosts.isEmpty || !all.isEmpty { return }
            if hosts.isEmpty {
                // The turns of a dead host are put back by a new one.
                guard !askedHost else {
                    throw CommandFailure(
                        .unavailable, code: "unavailable", "\(live.count) agent(s) have not stopped and no host runs",
                        hint: "see: tt logs host")
                }
                askedHost = true
                try await context.ensureHost(town)
                continue
            }
            let names = live.map { TerminalText.line($0.label) }.joined(separator: ", ")
            let progress = live.isEmpty ? "   the host ends" : "   waiting for \(names)"
            if progress != said { context.say(progress) }
            said = progress
            let waitForEnd = context.parts.waitForEnd
            for host in hosts where watched.insert(host.id).inserted {
                waiting.append(
                    Task {
                        try? await waitForEnd(host)
                        ring.yield()
                    })
            }
            guard await bells.next() != nil else { throw CancellationError() }
        }
    }
}
