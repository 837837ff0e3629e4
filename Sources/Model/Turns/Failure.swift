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
    /// The harness cannot be run as configured: unknown option, missing folder.
    case configuration
    /// The harness's program is not to be found. It may be back at once, because programs replace themselves.
    case missingProgram = "missing_program"
    /// This machine has no descriptors, processes or memory to spare, so that nothing could be started.
    case machine
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
    /// The agent waits by itself, and this is what a person should know of it.
    public var note: String?
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
    /// A time that is further away is none; it is asked again.
    public static let longestReset = Duration.seconds(32 * 86_400)
    /// How long a harness may do nothing but wait for its service before a person is told.
    public static let patience = Duration.seconds(3600)
    /// The longest pause before a service is asked again that did not say when it will answer.
    public static let longestGuess = Duration.seconds(6 * 3600)
    /// Failures in a row with a missing program before a person is asked.
    public static let missingTries = 3

    /// `min(first · 2^(n-1), longest)`, spread over ±20 % so that agents that failed together do not return together.
    /// - Parameters:
    ///   - failures: failures in a row, 1 for the first.
    ///   - jitter: a number in `0..<1`.
    public func delay(failures: Int, jitter: Double) -> Duration {
        Self.delay(first: firstDelay, longest: longestDelay, failures: failures, jitter: jitter)
    }

    private static func delay(first: Duration, longest: Duration, failures: Int, jitter: Double) -> Duration {
        let exponent = min(max(1, failures), 31) - 1
        let base = min(first.inSeconds * Double(1 << exponent), longest.inSeconds)
        let seconds = Figure.double(base * (0.8 + 0.4 * jitter), in: Figure.seconds)
        // fits: numbers with a point do not trap
        return .microseconds(Int64(exactly: (seconds * 1_000_000).rounded(.towardZero)) ?? 0)
    }

    /// Before this time no turn follows one that left its task open, so that turns in which nothing happens do not follow
    /// each other. Counted from the turn's start: one that took longer is followed at once. Nil where it did.
    /// - Parameter reminders: how often the agent was reminded of the task before.
    public func nextAfterOpen(started: Timestamp, reminders: Int, now: Timestamp, jitter: Double) -> Timestamp? {
        let next = started + delay(failures: reminders + 1, jitter: jitter)
        return next > now ? next : nil
    }

    /// What follows from `failure`, the `failures`-th in a row.
    public func verdict(on failure: Failure, failures: Int, now: Timestamp, jitter: Double) -> FailureVerdict {
        let backOff = now + delay(failures: failures, jitter: jitter)
        let resetAt = failure.resetAt.flatMap { $0 - now <= Self.longestReset ? $0 : nil }
        func waits(until time: Timestamp) -> FailureVerdict {
            FailureVerdict(retryAt: time, pause: nil, countsAttempt: false, dropsSession: false)
        }
        func paused() -> FailureVerdict {
            FailureVerdict(retryAt: nil, pause: failure.message, countsAttempt: false, dropsSession: false)
        }
        func guess(first: Duration, longest: Duration) -> Timestamp {
            now + Self.delay(first: first, longest: longest, failures: failures, jitter: jitter)
        }
        switch failure.kind {
        case .authentication, .configuration: return paused()
        case .missingProgram:
            // A program that replaces itself is back at once, or within some seconds.
            guard failures <= Self.missingTries else { return paused() }
            let next = Self.delay(
                first: min(.seconds(2), firstDelay), longest: .seconds(60), failures: max(failures, 1) * 2 - 1,
                jitter: jitter)
            return waits(until: now + next)
        case .quota:
            // Without a known reset an hour is the shortest period that plans are counted in; then longer and longer.
            let hours = Duration.seconds(3600) * (1 << min(max(0, failures - 1), 8))
            return waits(until: resetAt.map { max($0, backOff) } ?? now + min(hours, Self.longestGuess))
        case .rateLimit:
            // A service that stays silent about when is asked less and less often, an hour apart in the end.
            let next = guess(first: firstDelay, longest: max(longestDelay, Self.patience))
            return waits(until: resetAt.map { max($0, backOff) } ?? next)
        case .network: return waits(until: resetAt.map { max($0, backOff) } ?? backOff)
        case .machine:
            var verdict = waits(until: backOff)
            verdict.note = failure.message
            return verdict
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
