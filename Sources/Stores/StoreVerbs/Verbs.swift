public import Model

/// The verbs of the store port, written once over rows. Each is one transaction of its caller: when it throws, the
/// caller undoes everything that it did.
public struct Verbs<Rows: Records> {
    public let rows: Rows
    /// The bounds on what the verb sends.
    public var limits = SendLimits()
    /// The turn that the verb ends, with all that it worked on: its messages change their state before all is sent.
    var ending: (agent: AgentID, leased: [Delivery])?

    public init(_ rows: Rows) { self.rows = rows }

    /// What precedes each writing verb of a turn's own commands; see `ActingTurn`.
    /// - Parameters:
    ///   - sends: how many messages or tasks the verb brings into the town.
    ///   - now: nil if it brings none.
    public mutating func begin(_ turn: ActingTurn, sends: Int, now: Timestamp?) throws(StoreError) {
        limits = turn.limits
        _ = try requireLease(turn.token)
        let limits = turn.limits
        guard sends > 0, let now, limits.perTurn != nil || limits.perMinute != nil else { return }
        let known = try rows.sendCount(of: turn.token.agent)
        let count = Decisions.spent(sends, known, turn: turn.token.turn, now: now)
        if let problem = Decisions.problem(count, limits) { throw StoreError(.tooManySends, problem) }
        try rows.put(count, of: turn.token.agent)
    }

    /// The agent, or the error that the port promises.
    func requireAgent(_ id: AgentID) throws(StoreError) -> Agent {
        guard let agent = try rows.agent(id) else { throw Self.noAgent(id) }
        return agent
    }

    static func noAgent(_ id: AgentID) -> StoreError {
        id == .supervisor
            ? StoreError(.agentNotFound, "the supervisor is a mailbox, not an agent")
            : StoreError(.agentNotFound, "there is no agent \(id)")
    }

    /// The lease that `token` proves, or `leaseLost`.
    func requireLease(_ token: LeaseToken) throws(StoreError) -> LeaseRow {
        guard let lease = try rows.lease(of: token.agent), lease.record.token == token else {
            throw StoreError(.leaseLost, "turn \(token.turn.short) no longer holds the lease of its agent")
        }
        return lease
    }

    /// A name for people: the agent's, `supervisor`, or the short id of somebody unknown.
    func name(of id: AgentID) throws(StoreError) -> String {
        if id == .supervisor { return "supervisor" }
        return try rows.agent(id)?.name ?? id.short
    }

    func log(
        _ sentence: EventSentence, _ facts: Facts = [:], at now: Timestamp, agent: AgentID? = nil,
        task: TaskID? = nil, turn: TurnID? = nil, message: MessageID? = nil, old: String? = nil, new: String? = nil,
        detail: TurnDetail? = nil
    ) throws(StoreError) {
        var event = Event(sentence, facts, about: task, at: now)
        event.agent = agent
        event.turn = turn
        event.message = message
        event.oldState = old
        event.newState = new
        event.detail = detail
        try rows.append(event)
    }

    static func moved(_ state: AgentState, _ signal: AgentSignal, _ name: String) throws(StoreError) -> AgentState {
        do throws(IllegalMove) {
            return try state.after(signal)
        } catch {
            throw StoreError(.illegalMove, "\(name) is \(state.rawValue): \(error)")
        }
    }

    static func moved(_ task: AgentTask, _ move: TaskMove, _ now: Timestamp) throws(StoreError) -> AgentTask {
        do throws(IllegalMove) {
            return try task.after(move, at: now)
        } catch {
            throw StoreError(.illegalMove, "task \(task.id.short) cannot be changed so: \(error)")
        }
    }
}
