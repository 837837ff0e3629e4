import Model

/// The alarms of a run.
enum TurnTimer: Hashable, Sendable {
    /// Nothing was said since the start.
    case start
    /// Nothing was said for as long as that is worth a notice.
    case stall
    /// The turn takes too long.
    case turn
    /// Nothing but retry notices for too long.
    case retries
    /// The turn is over, but the process stays.
    case linger
}

/// Decides when a run has to be ended, and why: takes what happens, in order, and keeps the timers.
///
/// A timer is a task that sleeps on the run's clock and then tells; a new deadline replaces the old one.
struct RunControl<RunClock: Clock>: Sendable where RunClock.Duration == Duration {
    /// Why the run was ended by us; nil where it ended by itself.
    private(set) var reason: EndReason?
    /// Whether the child, or what it left behind, has to be ended now.
    private(set) var mustClear = false

    private let limits: TurnLimits
    private let clock: RunClock
    private let tell: AsyncStream<WatchedRun.Tick>.Continuation
    private var timers: [TurnTimer: (number: Int, task: Task<Void, Never>)] = [:]
    private var lastNumber = 0
    private var lastOutput: RunClock.Instant
    private var hasSpoken = false
    private var retryNotices = 0
    private var lastRetry: Failure?

    /// How long a CLI may take to its first word before that is worth a notice.
    static var startNotice: Duration { .seconds(30) }
    /// How long a process may stay after its turn is over.
    static var linger: Duration { .seconds(10) }
    /// Retry notices after which a failure that waiting cannot cure is final.
    static var hopelessRetries: Int { 3 }

    init(
        limits: TurnLimits, isStructured: Bool, clock: RunClock, tell: AsyncStream<WatchedRun.Tick>.Continuation
    ) {
        self.limits = limits
        self.clock = clock
        self.tell = tell
        lastOutput = clock.now
        if isStructured { arm(.start, after: Self.startNotice) }
        if limits.turn > .zero { arm(.turn, after: limits.turn) }
        if limits.stallNotice > .zero { arm(.stall, after: limits.stallNotice) }
    }

    /// Takes what happened; returns what to tell the engine.
    mutating func take(_ tick: WatchedRun.Tick) -> [HarnessEvent] {
        switch tick {
        case .output:
            lastOutput = clock.now
            if !hasSpoken {
                hasSpoken = true
                disarm(.start)
            }
            // Only after a stall was told: else the running timer looks at the time of the last output when it is due.
            if timers[.stall] == nil, limits.stallNotice > .zero { arm(.stall, after: limits.stallNotice) }
        case .observed(let observation): observe(observation)
        // One that was replaced while its word was under way is not meant.
        case .due(let timer, let number): if timers[timer]?.number == number { return fire(timer) }
        case .cancelled: end(.cancelled)
        case .exited: mustClear = true
        case .cleared: break
        }
        return []
    }

    /// Ends all timers.
    mutating func stopTimers() {
        for timer in timers.values { timer.task.cancel() }
        timers = [:]
    }

    private mutating func observe(_ observation: Observation) {
        switch observation {
        // A notice often comes beside a retry, and says nothing of progress.
        case .event(.notice), .event(.session): break
        case .retrying(let failure):
            lastRetry = failure
            retryNotices += 1
            let isHopeless = [.authentication, .quota, .configuration].contains(failure.kind)
            if isHopeless, retryNotices >= Self.hopelessRetries {
                end(.retries(failure))
            } else if timers[.retries] == nil, limits.retryNotices > .zero {
                arm(.retries, after: limits.retryNotices)
            }
        case .ended:
            disarm(.retries)
            arm(.linger, after: Self.linger)
        case .working: disarm(.linger)
        case .event:
            retryNotices = 0
            disarm(.retries)
        }
    }

    private mutating func fire(_ timer: TurnTimer) -> [HarnessEvent] {
        timers[timer] = nil
        switch timer {
        case .start:
            return [.notice("Nothing was said yet, \(Int(Self.startNotice.inSeconds)) s after the start.")]
        case .stall:
            let silence = lastOutput.duration(to: clock.now)
            if silence >= limits.stallNotice { return [.stalled(silence)] }
            arm(.stall, after: limits.stallNotice - silence)
        case .turn: end(.turnLimit(limits.turn))
        case .retries: end(.retries(lastRetry ?? Failure(.network, "The service does not answer.")))
        case .linger: end(.lingered)
        }
        return []
    }

    private mutating func end(_ why: EndReason) {
        if reason == nil, !mustClear { reason = why }
        mustClear = true
    }

    private mutating func arm(_ timer: TurnTimer, after delay: Duration) {
        disarm(timer)
        lastNumber += 1
        let task = Task { [clock, tell, lastNumber] in
            guard (try? await clock.sleep(for: delay)) != nil else { return }
            tell.yield(.due(timer, lastNumber))
        }
        timers[timer] = (lastNumber, task)
    }

    private mutating func disarm(_ timer: TurnTimer) { timers.removeValue(forKey: timer)?.task.cancel() }
}
