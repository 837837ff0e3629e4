public import Model

extension Verbs {
    /// See `Store.lease`.
    public func lease(_ request: LeaseRequest) throws(StoreError) -> Lease? {
        var agent = try requireAgent(request.agent)
        guard Decisions.mayLease(agent, host: request.host, now: request.now),
            try rows.lease(of: agent.id) == nil, try rows.hasWork(agent.id)
        else { return nil }
        var waiting: [Delivery] = []
        var settled = false
        for letter in try rows.firstWaiting(agent.id, limit: max(1, request.maxMessages), now: request.now) {
            if try settleMoot(letter, now: request.now) { settled = true } else { waiting.append(letter) }
        }
        if settled, try !rows.hasWork(agent.id) { return nil }
        let chosen = waiting.prefix(Decisions.run(of: waiting, aloneAfter: request.aloneAfter))
        guard !chosen.isEmpty else { return nil }

        let epoch = try rows.nextEpoch(of: agent.id)
        let token = LeaseToken(agent: agent.id, epoch: epoch, turn: request.turn, host: request.host)
        let record = LeaseRecord(
            token: token, startedAt: request.now, expiresAt: request.now + request.duration, proof: request.proof)
        var deliveries: [Delivery] = []
        for old in chosen {
            var new = old
            new.state = .leased
            new.deliveries += 1
            new.changedAt = request.now
            try rows.update(new, was: old)
            deliveries.append(new)
        }
        try rows.put(
            LeaseRow(
                record: record, hops: deliveries.map(\.message.hops).max() ?? 0,
                conversation: deliveries.lazy.compactMap(\.message.conversation).first))

        let oldState = agent.state
        agent.state = try Self.moved(agent.state, .turnStarted, agent.name)
        agent.lastActiveAt = request.now
        agent.lastHeartbeat = request.now
        // The back-off ends with it: a stored time means something only together with the moment it was set at.
        agent.retryAt = nil
        let tasks = try start(Self.assigned(by: deliveries), of: &agent, turn: request.turn, now: request.now)
        try rows.update(agent)
        try log(
            .turnStarted,
            [
                .agent: agent.name,
                .number: String(agent.turnsCompleted + 1),  // fits: records hold counts that are far from the end
                .count: String(deliveries.count),
            ], at: request.now, agent: agent.id, task: agent.currentTask, turn: request.turn, old: oldState.rawValue,
            new: agent.state.rawValue)
        return Lease(
            record: record, agent: agent, deliveries: deliveries,
            tasks: try mentioned(deliveries, among: tasks, of: agent.id))
    }

    /// The tasks that messages assign, each once, in order.
    static func assigned(by deliveries: [Delivery]) -> [TaskID] {
        var seen: Set<TaskID> = []
        return deliveries.compactMap { delivery in
            guard case .taskAssign(let task) = delivery.message.body, seen.insert(task).inserted else { return nil }
            return task
        }
    }

    // Starts what the turn is asked to do. What has meanwhile ended or changed hands stays as it is.
    private func start(_ ids: [TaskID], of agent: inout Agent, turn: TurnID, now: Timestamp) throws(StoreError)
        -> [AgentTask]
    {
        var own: [AgentTask] = []
        for id in ids {
            guard var task = try rows.task(id), !task.state.isTerminal, task.assignedTo == agent.id else { continue }
            if task.state == .assigned {
                let old = task
                task = try Self.moved(old, .start, now)
                try rows.update(task, was: old)
                try log(
                    .taskStartedInTurn, [.agent: agent.name, .title: task.title], at: now, agent: agent.id,
                    task: id, turn: turn, old: old.state.rawValue, new: task.state.rawValue)
            }
            own.append(task)
        }
        if own.count == 1 { agent.currentTask = own[0].id }
        return own
    }

    // Tasks that the messages speak of, in their order, then the agent's other open tasks.
    private func mentioned(_ deliveries: [Delivery], among known: [AgentTask], of agent: AgentID) throws(StoreError)
        -> [AgentTask]
    {
        var seen: Set<TaskID> = []
        var tasks: [AgentTask] = []
        for id in deliveries.compactMap(\.message.body.task) where seen.insert(id).inserted {
            if let task = known.first(where: { $0.id == id }) {
                tasks.append(task)
            } else if let task = try rows.task(id) {
                tasks.append(task)
            }
        }
        let open = TaskFilter(states: [.assigned, .running], assignee: agent)
        tasks += try rows.tasks(open, page: Page(limit: 200)).filter { seen.insert($0.id).inserted }
        return tasks
    }

    /// See `Store.renew`.
    public func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) throws(StoreError) {
        var lease = try requireLease(token)
        lease.record.expiresAt = until
        try rows.put(lease)
        var agent = try requireAgent(token.agent)
        agent.lastHeartbeat = now
        try rows.update(agent)
    }

    /// See `Store.note`. A session that is known already keeps its totals.
    public func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) throws(StoreError) {
        _ = try requireLease(token)
        var agent = try requireAgent(token.agent)
        if let known = agent.session, known.id == session.id, known.harness == session.harness { return }
        agent.session = session
        agent.lastHeartbeat = now
        try rows.update(agent)
    }

    /// See `Store.release`.
    public func release(
        _ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp
    ) throws(StoreError) {
        guard ending != nil else {
            var verbs = self
            verbs.ending = (token.agent, try rows.leased(token.agent))
            return try verbs.release(token, cause: cause, maxHostDeaths: maxHostDeaths, now: now)
        }
        _ = try requireLease(token)
        let name = try requireAgent(token.agent).name
        try log(
            .turnReleased, [.agent: name, .reason: cause.phrase], at: now, agent: token.agent,
            turn: token.turn)
        var worst = 0
        for old in try rows.leased(token.agent) {
            let new = Decisions.released(old, cause: cause, maxHostDeaths: maxHostDeaths, now: now)
            if try settleMoot(old, now: now) { continue }
            if new.state == .dead {
                try bury(new, was: old, owner: token.agent, now: now)
            } else {
                worst = max(worst, new.hostDeaths)
                try rows.update(new, was: old)
            }
        }
        try rows.removeLease(of: token.agent)
        var agent = try requireAgent(token.agent)
        agent.lastActiveAt = now
        agent.hostDeaths = worst
        try settle(&agent, now: now)
        try rows.update(agent)
    }

    /// The agent's state after its turn, with its wish to stop fulfilled where that is due.
    func settle(_ agent: inout Agent, now: Timestamp) throws(StoreError) {
        if let task = agent.currentTask {
            let open = try rows.task(task).map { !$0.state.isTerminal && $0.assignedTo == agent.id } ?? false
            if !open { agent.currentTask = nil }
        }
        if agent.attention != nil, try !rows.hasWork(agent.id) { try settleWaiting(of: agent, now: now) }
        if Decisions.stops(agent.stopRequest, hasWork: try rows.hasWork(agent.id)) {
            try stop(&agent, .agentStopped, because: "on request", now: now)
        } else if !agent.state.isTerminal {
            agent.state = try Self.moved(agent.state, .turnEnded, agent.name)
        }
    }

    /// Ends an agent that has used up its turns without being able to do its work (W47).
    func giveUp(_ agent: inout Agent, because reason: String, now: Timestamp) throws(StoreError) {
        let old = agent.state
        agent.state = try Self.moved(old, .failed, agent.name)
        try settleWaiting(of: agent, now: now)
        let failures = agent.consecutiveFailures
        let why = Notice.turnsFailed.text([
            .reason: reason, .one: Facts.flag(failures == 1), .number: String(failures),
        ])
        agent.attention = Notice.restartable.text([.agent: agent.name, .reason: why])
        agent.retryAt = nil
        try log(
            .agentFailed, [.agent: agent.name, .reason: why], at: now, agent: agent.id, old: old.rawValue,
            new: agent.state.rawValue)
    }

    /// Ends an agent.
    func stop(_ agent: inout Agent, _ sentence: EventSentence, because reason: String, now: Timestamp)
        throws(StoreError)
    {
        let old = agent.state
        agent.state = try Self.moved(old, .stopped, agent.name)
        try settleWaiting(of: agent, now: now)
        agent.stopRequest = nil
        agent.retryAt = nil
        try log(
            sentence, [.agent: agent.name, .reason: reason], at: now, agent: agent.id, old: old.rawValue,
            new: agent.state.rawValue)
    }
}
