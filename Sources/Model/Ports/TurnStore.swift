/// The turns of agents: who works on what, until when, and how it ended.
public protocol TurnStore: Sendable {
    /// Leases what waits for an agent: urgent first, then by arrival.
    ///
    /// Nil where the agent may not take a turn now: it is leased, paused, ended, backing off, out of turns, pinned to
    /// another host, or nothing that waits would wake it. A message that failed twice is leased alone, so that it
    /// cannot drag others down with it, and nothing overtakes it: a turn ends before the first such message. Every task
    /// that a leased message assigns to the agent is started. A message that only points to a task which has ended or has
    /// another owner is done without a turn. A lease never takes over another: see `release`.
    /// - Throws: `agentNotFound`.
    func lease(_ request: LeaseRequest) async throws(StoreError) -> Lease?

    /// Keeps a lease for longer.
    /// - Throws: `leaseLost`.
    func renew(_ token: LeaseToken, until: Timestamp, now: Timestamp) async throws(StoreError)

    /// Remembers the harness's session of a running turn, so that a turn that is killed can be continued.
    /// - Throws: `leaseLost`.
    func note(_ token: LeaseToken, session: HarnessSession, now: Timestamp) async throws(StoreError)

    /// Ends a turn with all its effects. Repeating a commit that was carried out fails with `leaseLost`.
    ///
    /// Success: messages are done, counters move, and each task that a message of the turn assigned and that is still
    /// open is asked for again, at most twice, and then failed (W5). Failure: messages go back to where they were, or
    /// to the dead letters when their attempts are used up; the tasks of dead assignments fail. A message of the turn
    /// that nobody can receive becomes a dead letter and does not undo the turn; a full inbox takes it in. What only
    /// points to a task that has ended by then is done, however the turn ended.
    /// - Throws: `leaseLost`.
    /// - Returns: the agent after the turn.
    @discardableResult
    func commit(_ turn: TurnCommit) async throws(StoreError) -> Agent

    /// Puts the messages of a turn back to where they were, without counting an attempt.
    ///
    /// For the lease's own host, and for others after they made sure that no process of the turn is left. After
    /// `maxDeliveries` turns without an end a message becomes a dead letter, and after `maxHostDeaths` turns whose host
    /// died (`ReleaseCause.hostDied`).
    /// - Throws: `leaseLost`.
    func release(_ token: LeaseToken, cause: ReleaseCause, maxHostDeaths: Int, now: Timestamp) async throws(StoreError)

    /// All present leases.
    func leases() async throws(StoreError) -> [LeaseRecord]
}

extension TurnStore {
    /// Puts the messages of a turn back; see `release(_:cause:maxHostDeaths:now:)`.
    public func release(_ token: LeaseToken, cause: ReleaseCause, now: Timestamp) async throws(StoreError) {
        try await release(token, cause: cause, maxHostDeaths: HostDeaths.standard, now: now)
    }
}
