/// Why a turn did not do its work. The class decides what happens next (see `FailurePolicy`).
public enum FailureClass: String, Sendable, Codable, CaseIterable {
    /// The harness has no valid credentials, or its model or command line is wrong: a person must act.
    case authentication
    /// Credits or plan are used up, perhaps until a known time.
    case quota
    /// The service asks to come back later, or is overloaded.
    case rateLimit = "rate_limit"
    /// The session no longer fits the model's window.
    case contextOverflow = "context_overflow"
    /// The service cannot be reached.
    case network
    /// The process ended by itself without an answer, or could not be started.
    case crash
    /// The turn took longer than it may.
    case timeout
    /// The model declines.
    case refusal
    /// It answered, but not in a form that can be used.
    case unusableOutput = "unusable_output"
    /// The session that was to be continued is gone or can no longer be used.
    case sessionLost = "session_lost"
    /// The harness cannot be run as configured: unknown option, missing program, missing folder.
    case configuration
}

/// A failed turn.
public struct Failure: Error, Sendable, Equatable, Codable {
    public var kind: FailureClass
    /// One sentence for people: what happened and, where it is known, what to do.
    public var message: String
    /// When the service said that it will answer again.
    public var resetAt: Timestamp?

    public init(_ kind: FailureClass, _ message: String, resetAt: Timestamp? = nil) {
        self.kind = kind
        self.message = message
        self.resetAt = resetAt
    }
}

/// What follows from a failed turn.
public struct FailureVerdict: Sendable, Equatable {
    /// No turn before this time; nil: at once.
    public var retryAt: Timestamp?
    /// The agent is paused and this is what a person must know.
    public var pause: String?
    /// Whether the attempt counts against the messages. What is the world's fault and not theirs does not.
    public var countsAttempt: Bool
    /// The next turn begins a new session.
    public var dropsSession: Bool
}

/// The policy of each failure class.
public struct FailurePolicy: Sendable, Equatable {
    /// Failed attempts after which a message is a dead letter.
    public var maxAttempts: Int
    /// The first delay; it doubles with each failure in a row.
    public var firstDelay: Duration
    /// The longest delay.
    public var longestDelay: Duration

    public init(maxAttempts: Int = 5, firstDelay: Duration = .seconds(10), longestDelay: Duration = .seconds(300)) {
        self.maxAttempts = maxAttempts
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
    }

    /// The longest wait that a service may ask for: plans are counted in months at most, and a CLI may print any time.
    public static let longestReset = Duration.seconds(32 * 86_400)

    /// `min(first · 2^(n-1), longest)`, spread over ±20 % so that agents that failed together do not return together.
    /// - Parameters:
    ///   - failures: failures in a row, 1 for the first.
    ///   - jitter: a number in `0..<1`.
    public func delay(failures: Int, jitter: Double) -> Duration {
        let exponent = min(max(1, failures), 31) - 1
        let base = min(firstDelay.inSeconds * Double(1 << exponent), longestDelay.inSeconds)
        let seconds = Figure.double(base * (0.8 + 0.4 * jitter), in: Figure.seconds)
        // fits: numbers with a point do not trap
        return .microseconds(Int64(exactly: (seconds * 1_000_000).rounded(.towardZero)) ?? 0)
    }

    /// What follows from `failure`, the `failures`-th in a row.
    public func verdict(on failure: Failure, failures: Int, now: Timestamp, jitter: Double) -> FailureVerdict {
        let backOff = now + delay(failures: failures, jitter: jitter)
        let resetAt = failure.resetAt.map { min($0, now + Self.longestReset) }
        switch failure.kind {
        case .authentication, .configuration:
            return FailureVerdict(retryAt: nil, pause: failure.message, countsAttempt: false, dropsSession: false)
        case .quota:
            // Without a known reset an hour is the shortest period that plans are counted in.
            return FailureVerdict(
                retryAt: resetAt ?? now + .seconds(3600), pause: nil, countsAttempt: false, dropsSession: false)
        case .rateLimit, .network:
            let asked = resetAt ?? backOff
            return FailureVerdict(
                retryAt: max(asked, backOff), pause: nil, countsAttempt: false, dropsSession: false)
        case .contextOverflow, .sessionLost:
            return FailureVerdict(
                retryAt: failures > 1 ? backOff : nil, pause: nil, countsAttempt: true, dropsSession: true)
        case .crash, .timeout:
            return FailureVerdict(retryAt: backOff, pause: nil, countsAttempt: true, dropsSession: false)
        case .refusal, .unusableOutput:
            // The same session would refuse again; one with a poisoned history can only be left behind.
            return FailureVerdict(retryAt: backOff, pause: nil, countsAttempt: true, dropsSession: failures > 1)
        }
    }
}
