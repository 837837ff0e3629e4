/// A turn whose own commands write: its lease, and what it may send.
public struct ActingTurn: Sendable, Equatable {
    /// The turn for which the present task writes; nil for people, hosts and everybody else.
    @TaskLocal public static var current: ActingTurn?

    public var token: LeaseToken
    public var limits: SendLimits

    public init(token: LeaseToken, limits: SendLimits) {
        self.token = token
        self.limits = limits
    }
}
