/// Whether a host lives. Decided here, and nowhere else.
public enum HostLiveness: Sendable, Equatable {
    case alive
    case dead
    /// It is on another machine, and nothing but the end of its renewals tells of its own: until then it counts as alive.
    case presumed(until: Timestamp)

    /// Whether others have to leave its work alone.
    public var isAlive: Bool { self != .dead }
}

extension Host {
    /// - Parameters:
    ///   - isRunning: whether its process runs, where this machine can tell.
    ///   - earliest: no entry counts as expired before this. A caller that could not reach the store for a while gives the
    ///     others time to renew theirs.
    public func liveness(isRunning: Bool?, now: Timestamp, earliest: Timestamp? = nil) -> HostLiveness {
        if let isRunning { return isRunning ? .alive : .dead }
        let end = max(expiresAt, earliest ?? expiresAt)
        return end > now ? .presumed(until: end) : .dead
    }
}
