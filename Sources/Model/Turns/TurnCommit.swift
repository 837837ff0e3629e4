/// Everything that a turn changes, applied in one transaction or not at all.
public struct TurnCommit: Sendable {
    public var token: LeaseToken
    public var outcome: Outcome
    /// The session to continue next time; nil keeps what the agent has, unless `dropsSession`.
    public var session: HarnessSession?
    public var dropsSession: Bool
    /// Where the turn leaves a task open that it was given, none follows before this time.
    public var retryIfOpen: Timestamp?
    /// Messages sent by the turn itself (handoffs found in its reply).
    public var sends: [Message]
    /// What was used by this turn alone.
    public var usage: Usage?
    /// The CLI that ran the turn, without secrets, and the model that it named.
    public var cli: String
    public var model: String?
    /// Wall-clock time the turn took.
    public var duration: Duration
    public var now: Timestamp
    /// The bounds on what follows from it.
    public var limits: SendLimits

    public enum Outcome: Sendable {
        /// The harness ended well. `reply` is its final text, whole.
        case finished(reply: String)
        /// The turn failed; its messages go back or, at the policy's limit, to the dead letters.
        case failed(Failure, FailureVerdict, maxAttempts: Int)
    }

    public init(token: LeaseToken, outcome: Outcome, duration: Duration, now: Timestamp) {
        self.token = token
        self.outcome = outcome
        // The clock may have been set back meanwhile.
        self.duration = max(.zero, duration)
        self.now = now
        dropsSession = false
        sends = []
        cli = ""
        limits = SendLimits()
    }

    /// What the log keeps of the turn as data, its reply among it.
    public var detail: TurnDetail {
        var detail = TurnDetail(cli: cli, model: model, usage: usage, duration: duration)
        switch outcome {
        case .finished(let reply):
            detail.reply = reply.isEmpty ? nil : String(reply.prefix(TurnDetail.longestReply))
        case .failed(let failure, _, _):
            detail.failure = failure.kind
            detail.reason = String(failure.message.prefix(TurnDetail.longestReason))
        }
        return detail
    }
}

/// Why leased messages go back unchanged, without an attempt being counted.
public enum ReleaseCause: String, Sendable, Codable {
    /// The host stops and puts back what it could not finish.
    case drained
    /// `kill --now`.
    case killed
    /// Its agent was paused.
    case interrupted
    /// Its host died; survivors were ended first.
    case hostDied = "host_died"
    /// The lease ran out and its host cannot be asked.
    case expired
}
