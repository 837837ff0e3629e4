package import Model

/// Decides what a host does next. Pure: what it sees goes in, what to do comes out.
package struct Schedule: Sendable {
    package enum Action: Sendable, Equatable {
        case startTurn(AgentID)
        /// End the running turn and put its messages back (`kill --now`, `interrupt`).
        case endTurn(AgentID, ReleaseCause)
        /// The agent has no reason to go on.
        case retire(AgentID, reason: String)
        /// A lease of a host that is not alive, or that ran out: end survivors, then release.
        case recover(LeaseRecord, ReleaseCause)
        /// A host that is not alive.
        case bury(Host)
    }

    package struct Decision: Sendable, Equatable {
        package var actions: [Action] = []
        /// When to look again at the latest, though nothing rings.
        package var wakeAt: Timestamp?
        /// Agents that have nothing to do and a role by which something may be found, the longest idle first.
        package var idle: [Agent] = []
        /// No agent is left that this host could have to run: all have ended, or sleep without mail.
        package var isDone = false
    }

    /// What a host knows.
    package struct View: Sendable {
        package var now: Timestamp
        package var host: HostID
        package var pulses: [AgentPulse]
        package var hosts: [Host]
        package var leases: [LeaseRecord]
        /// Whether a host is alive; nil: only its expiry can tell.
        package var isAlive: @Sendable (Host) -> Bool?
        /// Agents whose turns run here.
        package var running: Set<AgentID>
        /// Turns and hosts whose recovery is under way here.
        package var recovering: Set<TurnID>
        package var settings: HostSettings
        /// True while the host stops: nothing new is started.
        package var isStopping: Bool
        /// Since when the store can be reached again; nil where it always could be.
        package var reachedSince: Timestamp?

        package init(
            now: Timestamp, host: HostID, pulses: [AgentPulse], hosts: [Host], leases: [LeaseRecord],
            isAlive: @escaping @Sendable (Host) -> Bool?, running: Set<AgentID>, recovering: Set<TurnID>,
            settings: HostSettings, isStopping: Bool, reachedSince: Timestamp? = nil
        ) {
            self.now = now
            self.host = host
            self.pulses = pulses
            self.hosts = hosts
            self.leases = leases
            self.isAlive = isAlive
            self.running = running
            self.recovering = recovering
            self.settings = settings
            self.isStopping = isStopping
            self.reachedSince = reachedSince
        }

        /// When something of another machine that expires at `time` counts as expired: not before that machine had the
        /// time to renew it after an outage.
        fileprivate func judged(_ time: Timestamp) -> Timestamp { earliest.map { max(time, $0) } ?? time }

        private var earliest: Timestamp? { reachedSince.map { $0 + settings.leaseDuration } }

        fileprivate func liveness(of host: Host) -> HostLiveness {
            host.liveness(isRunning: isAlive(host), now: now, earliest: earliest)
        }
    }

    package static func decide(_ view: View) -> Decision {
        var decision = Decision()
        let dead = deadHosts(view, &decision)
        recoverLeases(view, dead: dead, &decision)
        decideAgents(view, dead: dead, &decision)
        return decision
    }

    // Hosts that are known to be dead. Those that can only be judged by their expiry set a time to look again.
    private static func deadHosts(_ view: View, _ decision: inout Decision) -> Set<HostID> {
        var dead: Set<HostID> = []
        for host in view.hosts where host.id != view.host {
            switch view.liveness(of: host) {
            case .alive: continue
            case .dead: dead.insert(host.id)
            case .presumed(let end): decision.wake(at: end)
            }
        }
        return dead
    }

    private static func recoverLeases(_ view: View, dead: Set<HostID>, _ decision: inout Decision) {
        let known = Dictionary(uniqueKeysWithValues: view.hosts.map { ($0.id, $0) })
        var holding: Set<HostID> = []
        for lease in view.leases {
            let holder = lease.token.host
            holding.insert(holder)
            if view.recovering.contains(lease.token.turn) { continue }
            if holder == view.host {
                // Ours, but nothing here works on it: its end could not be stored (full disk, lost answer).
                if !view.running.contains(lease.token.agent) {
                    decision.actions.append(.recover(lease, .drained))
                }
            } else if dead.contains(holder) || known[holder] == nil {
                decision.actions.append(.recover(lease, .hostDied))
            } else if known[holder].flatMap(view.isAlive) == nil {
                let end = view.judged(lease.expiresAt)
                if end <= view.now {
                    decision.actions.append(.recover(lease, .expired))
                } else {
                    decision.wake(at: end)
                }
            }
        }
        for host in view.hosts where dead.contains(host.id) && !holding.contains(host.id) {
            decision.actions.append(.bury(host))
        }
    }

    /// Whether another host can run what this one cannot: then the turn is left to it. Where nobody can, it begins, and
    /// its failure tells what is missing.
    private static func leavesToOthers(_ agent: Agent, _ view: View, dead: Set<HostID>) -> Bool {
        guard view.settings.only == nil, agent.pinnedTo == nil,
            view.hosts.contains(where: { $0.id == view.host && $0.lacks.contains(agent.cli) })
        else { return false }
        return view.hosts.contains { other in
            other.id != view.host && !dead.contains(other.id) && !other.isForeground && !other.lacks.contains(agent.cli)
        }
    }

    private static func decideAgents(_ view: View, dead: Set<HostID>, _ decision: inout Decision) {
        var ready: [AgentPulse] = []
        var anyone = false
        for pulse in view.pulses where !pulse.agent.state.isTerminal {
            let agent = pulse.agent
            if let only = view.settings.only {
                guard agent.id == only else { continue }
            } else if let pinned = agent.pinnedTo, pinned != view.host {
                // Its own host runs it; should that die, burying it frees the agent.
                if pulse.needsHost, !view.hosts.contains(where: { $0.id == pinned }) || dead.contains(pinned) {
                    anyone = true
                }
                continue
            }
            if pulse.needsHost { anyone = true }
            if view.running.contains(agent.id) {
                // Where the lease is gone already, its turn has just ended by itself.
                guard pulse.lease != nil else { continue }
                if agent.stopRequest == .now {
                    decision.actions.append(.endTurn(agent.id, .killed))
                } else if agent.state == .paused {
                    decision.actions.append(.endTurn(agent.id, .interrupted))
                }
                continue
            }
            if pulse.lease != nil || view.isStopping { continue }
            if pulse.hasWork, leavesToOthers(agent, view, dead: dead) { continue }
            decide(pulse, view, &ready, &decision)
        }
        decision.isDone = !anyone
        decision.idle.sort { ($0.lastActiveAt, $0.id) < ($1.lastActiveAt, $1.id) }
        // Who has waited longest goes first.
        ready.sort { ($0.agent.lastActiveAt, $0.agent.id) < ($1.agent.lastActiveAt, $1.agent.id) }
        decision.actions += beginning(ready, view).map { .startTurn($0.agent.id) }
    }

    /// Which of those that are ready begin now, in their order. A turn that took its host down too often runs alone: it
    /// begins when nothing else runs here, and nothing begins beside it. What comes after it waits, so that it has its
    /// turn in the end.
    private static func beginning(_ ready: [AgentPulse], _ view: View) -> ArraySlice<AgentPulse> {
        func isAlone(_ pulse: AgentPulse) -> Bool { pulse.agent.hostDeaths >= view.settings.aloneAfter }
        let free = max(0, view.settings.maxConcurrentTurns - view.running.count)
        if view.pulses.contains(where: { view.running.contains($0.agent.id) && isAlone($0) }) { return [] }
        guard let first = ready.first, isAlone(first) else {
            return ready.prefix { !isAlone($0) }.prefix(free)
        }
        return view.running.isEmpty ? ready.prefix(min(1, free)) : []
    }

    private static func decide(
        _ pulse: AgentPulse, _ view: View, _ ready: inout [AgentPulse], _ decision: inout Decision
    ) {
        let agent = pulse.agent
        if let stop = agent.stopRequest, stop != .whenEmpty || !pulse.hasWork {
            decision.actions.append(.retire(agent.id, reason: "asked to stop"))
            return
        }
        guard agent.state.canTakeTurns else { return }
        if agent.isOutOfRounds {
            decision.actions.append(.retire(agent.id, reason: "its \(agent.maxTurns) turns are used up"))
            return
        }
        if pulse.hasWork {
            if let retryAt = agent.retryAt, agent.isBackingOff(at: view.now) {
                decision.wake(at: retryAt)
            } else {
                ready.append(pulse)
            }
            return
        }
        defer { noteIdle(agent, view, &decision) }
        guard view.settings.idleTimeout > .zero, !pulse.expectsWork, agent.state != .cold else { return }
        let due = agent.lastActiveAt + view.settings.idleTimeout
        if due <= view.now {
            let seconds = Int(view.settings.idleTimeout.inSeconds)
            decision.actions.append(.retire(agent.id, reason: "idle for \(seconds) s"))
        } else {
            decision.wake(at: due)
        }
    }
}

extension Schedule {
    private static func noteIdle(_ agent: Agent, _ view: View, _ decision: inout Decision) {
        guard view.settings.offersBacklog, agent.kind == .worker, agent.role != nil, agent.stopRequest == nil,
            !decision.actions.contains(where: { $0.retires(agent.id) })
        else { return }
        if let retryAt = agent.retryAt, agent.isBackingOff(at: view.now) {
            // Nothing rings when its back-off is over.
            decision.wake(at: retryAt)
        } else {
            decision.idle.append(agent)
        }
    }
}

extension Schedule.Action {
    fileprivate func retires(_ agent: AgentID) -> Bool {
        if case .retire(agent, _) = self { true } else { false }
    }
}

extension Schedule.Decision {
    fileprivate mutating func wake(at time: Timestamp) { wakeAt = min(wakeAt ?? time, time) }
}
