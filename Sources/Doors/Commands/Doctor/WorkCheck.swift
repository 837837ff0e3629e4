import Model
import Operations
import Terminal

/// The work in a town: hosts, leases, agents, tasks and messages that do not go on by themselves.
struct WorkCheck {
    let town: OpenTown

    func findings() async throws -> [Finding] {
        let hosts = try await town.store.hosts()
        let alive = Set(hosts.filter { town.liveness(of: $0).isAlive }.map(\.id))
        var findings: [Finding] = []
        for host in hosts where !alive.contains(host.id) {
            findings.append(
                Finding(.hostStale, "the host of process \(host.pid) is listed but has ended", mend: "tt recover"))
        }
        let agents = try await town.store.agents()
        let names = Dictionary(uniqueKeysWithValues: agents.map { ($0.id, $0.name) })
        for lease in try await town.store.leases() where !alive.contains(lease.token.host) {
            let name = TerminalText.line(names[lease.token.agent] ?? lease.token.agent.short)
            findings.append(
                Finding(.leaseStale, "a turn of \(name) belongs to a host that is gone", mend: "tt recover"))
        }
        let waiting = try await town.store.pulse().contains { $0.hasWork && $0.agent.state.canTakeTurns }
        if alive.isEmpty, let trouble = HostTrouble.read(town) {
            findings.append(Finding(.hostMissing, trouble.sentence(now: town.time.now()), mend: "tt logs host"))
        } else if waiting, alive.isEmpty {
            findings.append(Finding(.hostMissing, "work waits and no host runs", mend: "tt start --detach"))
        }
        let mail = try await town.store.waitingCounts()
        for agent in agents {
            let name = TerminalText.line(agent.name)
            if agent.state == .error {
                findings.append(Finding(.agentFailed, "\(name) stopped with an error", mend: "tt restart \(name)"))
            } else if agent.state == .stopped, let standstill = agent.standstill,
                PendingView(mail[agent.id] ?? [:]).total > 0
            {
                findings.append(
                    Finding(
                        .agentStopped, "mail waits for \(name), which \(standstill.reason)", mend: "tt restart \(name)")
                )
            } else if let attention = agent.attention {
                findings.append(
                    Finding(
                        .agentAttention, "\(name): \(TerminalText.line(attention))",
                        mend: agent.standstill.map { TerminalText.line($0.command) } ?? "tt logs \(name)"))
            }
        }
        let ended = Set(agents.filter(\.state.isTerminal).map(\.id))
        let open = try await town.store.tasks(TaskFilter(states: [.assigned, .running]), page: Page(limit: 10_000))
        let orphans = open.count { task in
            task.assignedTo.map { ended.contains($0) || !(names[$0] != nil || $0 == .supervisor) } ?? true
        }
        if orphans > 0 {
            findings.append(
                Finding(
                    .taskOrphaned,
                    "\(orphans) open task\(orphans == 1 ? " belongs" : "s belong") to agents that have ended",
                    mend: "tt reclaim --to-backlog"))
        }
        let dead = try await town.store.queueCounts().dead
        if dead > 0 {
            findings.append(
                Finding(
                    .messageDead, "there \(dead == 1 ? "is 1 dead letter" : "are \(dead) dead letters")",
                    mend: "tt dead list"))
        }
        return findings
    }
}
