public import Model

extension Verbs {
    /// See `Store.register`. An agent that is registered already stays as it is.
    public func register(_ agent: Agent, maxAgents: Int) throws(StoreError) {
        if try rows.agent(agent.id) != nil { return }
        if !agent.state.isTerminal { try checkPlace(for: agent, maxAgents: maxAgents) }
        if let parent = agent.parent, parent != .supervisor { _ = try requireAgent(parent) }
        if try rows.maxAgents() != maxAgents { try rows.setMaxAgents(maxAgents) }
        try rows.insert(agent)
        try log(
            .agentSpawned, [.agent: agent.name, .role: agent.role, .cli: agent.cli], at: agent.createdAt,
            agent: agent.id, new: agent.state.rawValue)
    }

    // A name belongs to one live agent at a time, whatever its letter case (W21).
    private func checkPlace(for agent: Agent, maxAgents: Int?) throws(StoreError) {
        let live = try rows.agents(onlyLive: true).filter { $0.id != agent.id }
        if let other = live.first(where: { $0.name.lowercased() == agent.name.lowercased() }) {
            throw StoreError(.nameTaken, "there is already an agent named '\(other.name)'")
        }
        // Those that sleep keep their names, and take no place.
        let awake = live.count(where: \.state.isAwake)
        if let maxAgents, awake >= maxAgents {
            throw StoreError(
                .tooManyAgents,
                "the town has \(awake) live agents and may have \(maxAgents); "
                    + "stop one, or raise max_agents")
        }
    }

    /// See `Store.change`.
    public func change(_ id: AgentID, _ change: AgentChange, now: Timestamp) throws(StoreError) -> Agent {
        let old = try requireAgent(id)
        var agent = old
        switch change {
        case .interrupt(let reason, let tellsPerson): try interrupt(&agent, reason, tells: tellsPerson, now)
        case .resume: try resume(&agent, now)
        case .stop(let request):
            try settle(.agent(id), now: now)
            try settleWaiting(of: agent, now: now)
            try stop(&agent, request, now)
        case .retire(let reason):
            let isLeased = try rows.lease(of: id) != nil
            // An agent that was asked to stop does so; only the idle stay for tasks that wait.
            let expectsWork = agent.stopRequest == nil ? try rows.expectsWork(id) : false
            if Decisions.mayRetire(agent, isLeased: isLeased, hasWork: try rows.hasWork(id) || expectsWork) {
                try rest(&agent, because: reason, now: now)
            }
        case .restart(let maxTurns): try restart(&agent, maxTurns, now)
        case .pin(let host): agent.pinnedTo = host
        case .attention(let text, let tellsPerson):
            if text == nil { try settleWaiting(of: agent, now: now) }
            agent.attention = text
            if let text, text != old.attention {
                try log(.agentAttention, [.agent: agent.name, .reason: text], at: now, agent: id)
            }
            if tellsPerson { try tellOfWaiting(of: agent, now: now) }
        case .cli(let cli):
            agent.cli = cli
            if agent.session?.harness != cli { agent.session = nil }
            // What made the other one wait says nothing about this one.
            agent.retryAt = nil
            agent.consecutiveFailures = 0
        }
        if agent != old { try rows.update(agent) }
        return agent
    }

    /// Lets an agent rest for which a host found a reason.
    private func rest(_ agent: inout Agent, because reason: String, now: Timestamp) throws(StoreError) {
        if agent.stopRequest != nil { return try stop(&agent, .agentStopped, because: reason, now: now) }
        guard agent.isOutOfRounds else {
            let old = agent.state
            agent.state = try Self.moved(old, .fellAsleep, agent.name)
            return try log(
                .agentSlept, [.agent: agent.name, .reason: reason], at: now, agent: agent.id,
                old: old.rawValue, new: agent.state.rawValue)
        }
        if agent.consecutiveFailures > 0 {
            try giveUp(&agent, because: reason, now: now)
        } else {
            try stop(&agent, .agentCompleted, because: reason, now: now)
            agent.attention = Decisions.usedUp(agent)
        }
        if try rows.hasWork(agent.id) { try tellOfMail(for: agent, now: now) }
    }

    private func interrupt(
        _ agent: inout Agent, _ reason: String?, tells: Bool, _ now: Timestamp
    ) throws(StoreError) {
        let old = agent.state
        agent.state = try Self.moved(old, .interrupted, agent.name)
        try settleWaiting(of: agent, now: now)
        if let reason { agent.attention = reason }
        guard old != .paused else { return }
        if tells { try tellOfPause(of: agent, now: now) }
        try log(
            .agentInterrupted, [.agent: agent.name, .reason: reason], at: now, agent: agent.id,
            old: old.rawValue, new: agent.state.rawValue)
    }

    private func resume(_ agent: inout Agent, _ now: Timestamp) throws(StoreError) {
        let old = agent.state
        agent.state = try Self.moved(old, .resumed, agent.name)
        try settle(.agent(agent.id), now: now)
        try settleWaiting(of: agent, now: now)
        if agent.stopRequest != nil { agent.state = try Self.moved(agent.state, .askedToDrain, agent.name) }
        if try rows.lease(of: agent.id) != nil { agent.state = try Self.moved(agent.state, .turnStarted, agent.name) }
        agent.attention = nil
        agent.retryAt = nil
        agent.consecutiveFailures = 0
        agent.lastActiveAt = now
        try log(
            .agentResumed, [.agent: agent.name], at: now, agent: agent.id, old: old.rawValue,
            new: agent.state.rawValue)
    }

    private func stop(_ agent: inout Agent, _ request: StopRequest, _ now: Timestamp) throws(StoreError) {
        if agent.state == .stopped { return }
        let asked = max(agent.stopRequest ?? request, request)
        let isLeased = try rows.lease(of: agent.id) != nil
        let hasWork = try rows.hasWork(agent.id)
        if !isLeased, agent.state.isTerminal || Decisions.stops(asked, hasWork: hasWork) {
            return try stop(&agent, .agentStopped, because: "on request", now: now)
        }
        let old = agent.state
        agent.state = try Self.moved(old, .askedToDrain, agent.name)
        guard agent.stopRequest != asked || agent.state != old else { return }
        agent.stopRequest = asked
        let sentence: EventSentence =
            switch asked {
            case .whenEmpty: .agentStopsWhenEmpty
            case .afterTurn: .agentStopsAfterTurn
            case .now: .agentStopsNow
            }
        try log(
            sentence, [.agent: agent.name], at: now, agent: agent.id, old: old.rawValue,
            new: agent.state.rawValue)
    }

    private func restart(_ agent: inout Agent, _ maxTurns: Int?, _ now: Timestamp) throws(StoreError) {
        let old = agent.state
        agent.state = try Self.moved(old, .restarted, agent.name)
        try checkPlace(for: agent, maxAgents: try rows.maxAgents())
        try settle(.agent(agent.id), now: now)
        try settleWaiting(of: agent, now: now)
        agent.maxTurns = maxTurns ?? agent.maxTurns
        agent.turnsSinceStart = 0
        agent.consecutiveFailures = 0
        agent.stopRequest = nil
        agent.retryAt = nil
        agent.attention = nil
        agent.lastActiveAt = now
        agent.lastHeartbeat = now
        try log(
            .agentRestarted, [.agent: agent.name], at: now, agent: agent.id, old: old.rawValue,
            new: agent.state.rawValue)
    }

    /// See `Store.pulse`.
    public func pulse() throws(StoreError) -> [AgentPulse] {
        var leases: [AgentID: LeaseRecord] = [:]
        for lease in try rows.leases() { leases[lease.record.token.agent] = lease.record }
        var pulses: [AgentPulse] = []
        for agent in try rows.agents(onlyLive: true) {
            pulses.append(
                AgentPulse(
                    agent: agent, hasWork: try rows.hasWork(agent.id), lease: leases[agent.id],
                    expectsWork: try rows.expectsWork(agent.id)))
        }
        return pulses
    }

    // MARK: Hosts and events

    /// See `Store.announce`.
    /// - Returns: whether others want to know: the host is new, or can run more or less than before.
    @discardableResult
    public func announce(_ host: Host, now: Timestamp) throws(StoreError) -> Bool {
        let old = try rows.host(host.id)
        try rows.put(host)
        if old == nil {
            try log(.hostStarted, host.startFacts, at: now)
        }
        return old?.lacks != host.lacks
    }

    /// See `Store.retire`. A host that is unknown is retired already.
    public func retire(_ id: HostID, died: Bool, now: Timestamp) throws(StoreError) {
        guard let host = try rows.host(id) else { return }
        for lease in try rows.leases() where lease.record.token.host == id {
            throw StoreError(
                .illegalMove,
                "the host still holds the lease of \(try name(of: lease.record.token.agent)); "
                    + "release it first")
        }
        try rows.remove(id)
        // Ended agents keep their pin until somebody restarts them, so they are freed as well.
        for var agent in try rows.agents(onlyLive: false) where agent.pinnedTo == id {
            agent.pinnedTo = nil
            try rows.update(agent)
        }
        try log(died ? .hostDied : .hostStopped, [.process: String(host.pid)], at: now)
    }

    /// See `Store.append`.
    public func append(_ events: [Event]) throws(StoreError) {
        for event in events { try rows.append(event) }
    }
}
