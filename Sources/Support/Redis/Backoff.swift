/// Pauses between attempts: doubling, with jitter, up to a limit.
struct Backoff: Sendable {
    let first: Duration
    let longest: Duration
    private(set) var failures = 0

    init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// Counts a failure and returns the pause after it: between a half and the whole of what is due.
    mutating func next() -> Duration {
        let due = min(longest, first * (1 << min(failures, 20)))
        failures += 1
        return due * Double.random(in: 0.5...1)
    }

    /// Forgets the failures.
    mutating func reset() { failures = 0 }
}
