public import Model

extension Verbs {
    /// See `Store.commit`.
    public func commit(_ turn: TurnCommit) throws(StoreError) -> Agent {
        guard ending != nil else {
            var verbs = self
            verbs.limits = turn.limits
            verbs.ending = (turn.token.agent, try rows.leased(turn.token.agent))
            return try verbs.commit(turn)
        }
        let lease = try requireLease(turn.token)
        let leased = try rows.leased(turn.token.agent)
        var pause: Timestamp?
        try sendAll(turn.sends, lease: lease)
        switch turn.outcome {
        case .finished: pause = try finish(turn, leased)
        case .failed(let failure, let verdict, let maxAttempts):
            try fail(turn, leased, failure, verdict, maxAttempts: maxAttempts)
        }
        try rows.removeLease(of: turn.token.agent)
        // Tasks that ended have changed the agent's record meanwhile.
        var agent = try requireAgent(turn.token.agent)
        agent.lastActiveAt = turn.now
        agent.lastHeartbeat = turn.now
        if let pause { agent.retryAt = pause }
        try settle(&agent, now: turn.now)
        try rows.update(agent)
        return agent
    }

    /// A commit is never refused because of one of its messages: what nobody can receive is a dead letter, and a full
    /// inbox takes them in.
    private func sendAll(_ messages: [Message], lease: LeaseRow) throws(StoreError) {
        var limits = limits
        limits.maxInbox = nil
        for var message in messages {
            // The lease is the proof.
            message.verified = message.from == lease.record.token.agent
            let recipient = try rows.agent(message.to)
            if recipient != nil || message.to == .supervisor {
                _ = try send([message], limits: limits)
            } else if try known(message) == nil {
                try refuse(Decisions.inheriting(message, from: lease), because: "there is no such agent")
            }
        }
    }

    // MARK: Success

    /// - Returns: when the next turn may begin, if this one did nothing for a task that is still open.
    private func finish(_ turn: TurnCommit, _ leased: [Delivery]) throws(StoreError) -> Timestamp? {
        var wasAskedToStop = false
        for old in leased {
            var new = old
            new.state = .done
            new.changedAt = turn.now
            try rows.update(new, was: old)
            if case .shutdown = old.message.body { wasAskedToStop = true }
        }
        var agent = try requireAgent(turn.token.agent)
        agent.turnsCompleted += 1
        agent.turnsSinceStart += 1
        agent.consecutiveFailures = 0
        agent.hostDeaths = 0
        agent.retryAt = nil
        try settleWaiting(of: agent, now: turn.now)
        // A person's words about a pause stay as long as the pause.
        if agent.state != .paused { agent.attention = nil }
        agent.session = turn.session ?? (turn.dropsSession ? nil : agent.session)
        if wasAskedToStop {
            agent.stopRequest = max(agent.stopRequest ?? .whenEmpty, .whenEmpty)
            agent.state = try Self.moved(agent.state, .askedToDrain, agent.name)
        }
        try rows.update(agent)
        try log(
            .turnFinished,
            [
                .agent: agent.name, .number: String(agent.turnsCompleted), .length: turn.duration.phrase,
                .cost: turn.costText,
            ], at: turn.now, agent: agent.id, task: agent.currentTask ?? Self.assigned(by: leased).first,
            turn: turn.token.turn, detail: turn.detail)
        let tasks = Self.assigned(by: leased)
        var hasProgress = false
        for id in tasks where try rows.task(id)?.state.isTerminal == true { hasProgress = true }
        var isAskedAgain = false
        for id in tasks {
            if try askAgain(id, turn, leased, agent, hasProgress: hasProgress) { isAskedAgain = true }
        }
        return isAskedAgain && !hasProgress ? turn.retryIfOpen : nil
    }

    /// - Returns: whether the agent is asked for the task again.
    private func askAgain(
        _ id: TaskID, _ turn: TurnCommit, _ leased: [Delivery], _ agent: Agent, hasProgress: Bool
    ) throws(StoreError) -> Bool {
        guard let old = try rows.task(id) else { return false }
        let isAskedAgain = try rows.waitingAssignments(of: id).contains { $0.message.to == agent.id }
        let next = Decisions.unfinished(old, agent: agent.id, isAskedAgain: isAskedAgain, hasProgress: hasProgress)
        switch next {
        case .nothing: return false
        case .remind, .askAgain:
            var task = old
            if next == .remind { task.reminders += 1 }
            task.updatedAt = turn.now
            try rows.update(task, was: old)
            try log(
                .taskReminded,
                [
                    .agent: agent.name, .number: next == .remind ? String(task.reminders) : nil,
                    .limit: String(AgentTask.maxReminders), .title: task.title,
                ], at: turn.now, agent: agent.id, task: id, turn: turn.token.turn)
            guard let original = leased.first(where: { $0.message.body == .taskAssign(id) })?.message else {
                return false
            }
            var reminder = original
            reminder.id = MessageID(from: [turn.token.turn.words, id.words], purpose: Purpose.reminder)
            reminder.from = task.createdBy
            reminder.createdAt = turn.now
            reminder.idempotencyKey = nil
            try deliver(reminder, toName: agent.name, now: turn.now)
            return true
        case .fail:
            _ = try fail(old, because: Notice.neverCompleted.text([.agent: agent.name]), now: turn.now)
            return false
        }
    }

    // MARK: Failure

    private func fail(
        _ turn: TurnCommit, _ leased: [Delivery], _ failure: Failure, _ verdict: FailureVerdict, maxAttempts: Int
    ) throws(StoreError) {
        var agent = try requireAgent(turn.token.agent)
        agent.consecutiveFailures += 1
        agent.turnsSinceStart += verdict.countsAttempt ? 1 : 0
        agent.hostDeaths = leased.map(\.hostDeaths).max() ?? 0
        agent.retryAt = verdict.retryAt
        let drops = turn.dropsSession || verdict.dropsSession
        agent.session = drops ? nil : turn.session ?? agent.session
        try log(
            .turnFailed,
            [
                .agent: agent.name, .length: turn.duration.phrase, .failure: failure.kind.rawValue,
                .reason: failure.message, .pause: turn.pauseText(verdict),
            ], at: turn.now, agent: agent.id,
            task: agent.currentTask ?? Self.assigned(by: leased).first, turn: turn.token.turn, detail: turn.detail)
        if let reason = verdict.pause {
            let old = agent.state
            agent.state = try Self.moved(old, .interrupted, agent.name)
            try settleWaiting(of: agent, now: turn.now)
            agent.attention = reason
            try log(
                .agentPaused, [.agent: agent.name, .reason: reason], at: turn.now, agent: agent.id,
                turn: turn.token.turn, old: old.rawValue, new: agent.state.rawValue)
            try tellOfPause(of: agent, now: turn.now)
        }
        try rows.update(agent)
        for old in leased {
            if try settleMoot(old, now: turn.now) { continue }
            let new = Decisions.failed(
                old, because: failure.message, counts: verdict.countsAttempt, maxAttempts: maxAttempts, now: turn.now)
            if new.state == .dead {
                try bury(new, was: old, owner: agent.id, now: turn.now)
            } else {
                try rows.update(new, was: old)
            }
        }
    }
}
