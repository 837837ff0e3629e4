public import Model

/// Choices that the verbs make, apart from where the data is.
public enum Decisions {
    /// How many of the first waiting messages a turn takes.
    ///
    /// A message that failed twice, or that took its host down too often, goes alone, so that it cannot drag others down
    /// with it; and nothing overtakes it, so a turn ends before the first such message. The order of arrival is never
    /// given up.
    public static func run(
        of waiting: [Delivery], aloneAfter: Int = HostDeaths.alone(HostDeaths.standard)
    ) -> Int {
        let first = waiting.firstIndex { $0.attempts >= aloneAfterFailures || $0.hostDeaths >= aloneAfter }
        return first == 0 ? 1 : first ?? waiting.count
    }

    /// After so many failed attempts a message is leased alone.
    public static let aloneAfterFailures = 2

    /// What follows for a task that a turn left open.
    public enum Unfinished: Equatable, Sendable { case nothing, askAgain, remind, fail }

    /// Whether the agent is reminded of a task that its turn was asked to do (W5).
    /// - Parameters:
    ///   - isAskedAgain: another message that assigns it waits already.
    ///   - hasProgress: the turn was asked for several tasks and one of them has ended, so it may do one a turn.
    public static func unfinished(_ task: AgentTask, agent: AgentID, isAskedAgain: Bool, hasProgress: Bool = false)
        -> Unfinished
    {
        guard !task.state.isTerminal, task.assignedTo == agent, !isAskedAgain else { return .nothing }
        if hasProgress { return .askAgain }
        return task.reminders < AgentTask.maxReminders ? .remind : .fail
    }

    /// The message after a turn on it failed.
    public static func failed(
        _ delivery: Delivery, because reason: String, counts: Bool, maxAttempts: Int, now: Timestamp
    ) -> Delivery {
        var delivery = delivery
        delivery.attempts += counts ? 1 : 0
        delivery.lastError = reason
        delivery.state = delivery.attempts >= maxAttempts ? .dead : .queued
        delivery.changedAt = now
        return delivery
    }

    /// The message after its turn was given up.
    public static func released(
        _ delivery: Delivery, cause: ReleaseCause, maxHostDeaths: Int = HostDeaths.standard, now: Timestamp
    ) -> Delivery {
        var delivery = delivery
        delivery.state = .queued
        delivery.changedAt = now
        if cause == .hostDied { delivery.hostDeaths += 1 }
        if cause == .hostDied, delivery.hostDeaths >= maxHostDeaths {
            delivery.state = .dead
            delivery.lastError = Notice.hostDeaths.text([.number: String(delivery.hostDeaths)])
        } else if delivery.deliveries >= maxDeliveries {
            delivery.state = .dead
            delivery.lastError = Notice.turnsWithoutEnd.text([
                .number: String(delivery.deliveries), .reason: cause.phrase,
            ])
        }
        return delivery
    }

    /// Whether an agent whose turn ended stops now.
    public static func stops(_ request: StopRequest?, hasWork: Bool) -> Bool {
        switch request {
        case nil: false
        case .whenEmpty: !hasWork
        case .afterTurn, .now: true
        }
    }

    /// What a person reads of an agent that has taken all the turns that it may take.
    public static func usedUp(_ agent: Agent) -> String {
        Notice.usedUp.text([
            .agent: agent.name, .one: Facts.flag(agent.maxTurns == 1), .number: String(agent.maxTurns),
        ])
    }

    /// Whether an agent that takes no turn at present may be given one.
    public static func mayLease(_ agent: Agent, host: HostID, now: Timestamp) -> Bool {
        guard agent.state.canTakeTurns, !agent.isOutOfRounds else { return false }
        if let stop = agent.stopRequest, stop != .whenEmpty { return false }
        if agent.isBackingOff(at: now) { return false }
        return agent.pinnedTo == nil || agent.pinnedTo == host
    }

    /// Whether an agent that has nothing to do may be offered something.
    public static func mayOffer(_ agent: Agent, isLeased: Bool, hasWork: Bool, now: Timestamp) -> Bool {
        agent.kind == .worker && (agent.state == .idle || agent.state == .starting || agent.state == .cold)
            && agent.stopRequest == nil && !agent.isOutOfRounds && !isLeased && !hasWork && !agent.isBackingOff(at: now)
    }

    /// Whether an agent that was offered something may still think about it; else it keeps nobody waiting.
    public static func isConsidering(_ agent: Agent, isLeased: Bool, now: Timestamp) -> Bool {
        isLeased || (agent.state.canTakeTurns && !agent.isOutOfRounds && !agent.isBackingOff(at: now))
    }

    /// Whether a host's wish to end an agent still holds when it arrives.
    public static func mayRetire(_ agent: Agent, isLeased: Bool, hasWork: Bool) -> Bool {
        if agent.state.isTerminal || isLeased { return false }
        if agent.state == .cold, agent.stopRequest == nil { return false }
        if let stop = agent.stopRequest, stop != .whenEmpty { return true }
        if agent.state == .paused { return agent.stopRequest != nil && !hasWork }
        return agent.isOutOfRounds || !hasWork
    }

    /// What an agent has sent, after so many more.
    public static func spent(_ sends: Int, _ known: SendCount?, turn: TurnID, now: Timestamp) -> SendCount {
        var count = known ?? SendCount(turn: turn, inTurn: 0, since: now, inMinute: 0)
        if count.turn != turn { (count.turn, count.inTurn) = (turn, 0) }
        // A clock that was set back begins a new minute, too.
        if now < count.since || now - count.since >= .seconds(60) { (count.since, count.inMinute) = (now, 0) }
        count.inTurn += sends
        count.inMinute += sends
        return count
    }

    /// What to say if this is more than the limits permit.
    public static func problem(_ count: SendCount, _ limits: SendLimits) -> String? {
        if let most = limits.perTurn, count.inTurn > most {
            return "this turn has sent \(most) messages and tasks, which is its limit (limits.sends_per_turn)"
        }
        if let most = limits.perMinute, count.inMinute > most {
            return "this agent has sent \(most) messages and tasks within a minute, which is its limit "
                + "(limits.sends_per_minute)"
        }
        return nil
    }

    /// What to say of an inbox that takes no more.
    public static func fullInbox(of name: String, most: Int) -> String {
        "the inbox of \(name) is full: \(most) messages wait, which is the limit (limits.max_inbox)"
    }

    /// A message of the turn's agent with what it inherits from the turn.
    public static func inheriting(_ message: Message, from lease: LeaseRow?) -> Message {
        guard let lease else { return message }
        var message = message
        message.hops = max(message.hops, lease.hops + 1)
        message.conversation = message.conversation ?? lease.conversation
        return message
    }
}

extension ReleaseCause {
    /// A clause for people.
    public var phrase: String {
        switch self {
        case .drained: "the host stopped"
        case .killed: "ended by request"
        case .interrupted: "its agent was paused"
        case .hostDied: "its host died"
        case .expired: "its lease ran out"
        }
    }
}

extension Duration {
    /// `12 s`, `350 ms`, `4 min 5 s`: for sentences.
    package var phrase: String {
        let milliseconds = max(0, wholeMicroseconds / 1000)
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1000
        if seconds < 60 { return "\(seconds) s" }
        return seconds < 3600 ? "\(seconds / 60) min \(seconds % 60) s" : "\(seconds / 3600) h \(seconds / 60 % 60) min"
    }
}
