/// Why nothing that waits for an agent is read, and the command that lets it go on.
public struct Standstill: Sendable, Equatable {
    /// A clause after the agent's name: `was stopped`.
    public var reason: String
    public var command: String
}

extension Agent {
    /// Nil for an agent that reads its mail, awake or asleep.
    public var standstill: Standstill? {
        switch state {
        case .paused:
            Standstill(reason: Notice.isPaused.text([.reason: attention]), command: "tt resume \(name)")
        case .stopped where isOutOfRounds:
            Standstill(
                reason: Notice.isUsedUp.text([.count: String(maxTurns)]),
                command: "tt restart \(name)")
        case .stopped: Standstill(reason: Notice.wasStopped.text([:]), command: "tt restart \(name)")
        case .error: Standstill(reason: Notice.hasFailed.text([:]), command: "tt restart \(name)")
        case .cold, .starting, .idle, .working, .draining: nil
        }
    }
}
