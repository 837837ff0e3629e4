/// How often something may wake this process: a burst at once, and a steady rate after it.
///
/// Somebody who rings all the time must not keep a process busy, and a ring now and then must not wait. A wake-up counts
/// when it happens; only if more came than the rate allows, and the burst is used up, the next one has to wait.
public struct WakeBudget: Sendable {
    private let interval: Duration
    private let burst: Duration
    /// When all wake-ups so far are paid for at the steady rate.
    private var paid: ContinuousClock.Instant?

    /// - Parameters:
    ///   - burst: wake-ups that may come at once.
    ///   - interval: the time between wake-ups in the long run.
    public init(burst: Int = 256, interval: Duration = .milliseconds(2)) {
        self.interval = interval
        self.burst = interval * burst
    }

    /// Counts a wake-up. Returns how long to rest until the next one; nil at a usual rate.
    public mutating func count(at now: ContinuousClock.Instant) -> Duration? {
        let start = paid.map { max($0, now) } ?? now
        let new = start + interval
        paid = new
        let excess = now.duration(to: new) - burst
        return excess > .zero ? excess : nil
    }
}
