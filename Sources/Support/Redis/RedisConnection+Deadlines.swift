import Synchronization

extension RedisConnection {
    /// Answers callers whose time is up, ends a connection to a server that says nothing, and sets the next alarm.
    func checkDeadlines() {
        let now = ContinuousClock.now
        let (late, isSilent) = state.withLock { state in
            (state.waiting.expired(by: now) + state.sent.expired(by: now), silence(state).map { $0 <= now } ?? false)
        }
        let limit = "the server did not answer in time"
        for id in late {
            giveUp(
                id,
                wasSent: RedisError(.unknownOutcome, "\(limit); the request may have been carried out"),
                wasNot: RedisError(.unavailable, "\(limit), and the request was not sent"))
        }
        if isSilent { end(RedisError(.unavailable, "the server owes an answer and has gone silent")) }
        let next = state.withLock { state in
            [state.waiting.nextDeadline, state.sent.nextDeadline, silence(state)].compactMap { $0 }.min()
        }
        if let next { arm(next) }
    }

    /// When the server counts as gone if nothing is heard until then; nil when it owes nothing.
    private func silence(_ state: State) -> ContinuousClock.Instant? {
        guard let limit = options.silenceLimit, let sent = state.sent.first?.sentAt else { return nil }
        return max(sent, state.lastHeard).advanced(by: limit)
    }
}
