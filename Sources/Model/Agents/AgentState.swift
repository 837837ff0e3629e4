/// Where an agent is in its life. The raw values are Tinytown's wire names.
public enum AgentState: String, Sendable, Codable, CaseIterable {
    /// Asleep: nothing waited for it for a while. Mail wakes it.
    case cold
    /// Registered, has not taken a turn yet.
    case starting
    /// Waits for messages.
    case idle
    /// Takes a turn.
    case working
    /// Held by a person or by a failure that needs one; messages wait.
    case paused
    /// Asked to stop; finishes what it was asked to finish first.
    case draining
    /// Ended by request or by its limit of turns.
    case stopped
    /// Ended because it could not go on.
    case error

    /// Takes no more turns until it is restarted.
    public var isTerminal: Bool { self == .stopped || self == .error }

    /// Neither asleep nor ended: it has a place among the live agents, and a host.
    public var isAwake: Bool { !isTerminal && self != .cold }

    /// May be given a turn now.
    public var canTakeTurns: Bool { self == .starting || self == .idle || self == .draining || self == .cold }
}

/// What can happen to an agent.
public enum AgentSignal: String, Sendable, CaseIterable {
    case turnStarted, turnEnded, interrupted, resumed, askedToDrain, stopped, failed, restarted, fellAsleep
}

/// A move that the state machine refuses.
public struct IllegalMove: Error, Equatable, Sendable, CustomStringConvertible {
    public var from: String
    public var signal: String

    public init(from: String, signal: String) {
        self.from = from
        self.signal = signal
    }

    public var description: String { "\(signal) is not possible while \(from)" }
}

extension AgentState {
    /// The state after `signal`: the only place that knows which moves are legal.
    public func after(_ signal: AgentSignal) throws(IllegalMove) -> AgentState {
        switch (signal, self) {
        case (.turnStarted, .starting), (.turnStarted, .idle), (.turnStarted, .cold): .working
        case (.turnStarted, .draining): .draining  // it finishes its inbox; the wish to stop stays visible
        case (.turnEnded, .working), (.turnEnded, .idle), (.turnEnded, .starting): .idle
        case (.turnEnded, .paused): .paused  // interrupted during the turn (W15: the pause is not overwritten)
        case (.turnEnded, .draining): .draining
        case (.interrupted, .starting), (.interrupted, .idle), (.interrupted, .working), (.interrupted, .paused),
            (.interrupted, .draining), (.interrupted, .cold):
            .paused
        case (.resumed, .paused): .idle
        case (.askedToDrain, .starting), (.askedToDrain, .idle), (.askedToDrain, .working), (.askedToDrain, .paused),
            (.askedToDrain, .draining), (.askedToDrain, .cold):
            .draining
        case (.stopped, .starting), (.stopped, .idle), (.stopped, .working), (.stopped, .paused), (.stopped, .draining),
            (.stopped, .cold), (.stopped, .stopped):
            .stopped
        case (.failed, .starting), (.failed, .idle), (.failed, .working), (.failed, .paused), (.failed, .draining),
            (.failed, .cold):
            .error
        case (.fellAsleep, .starting), (.fellAsleep, .idle): .cold
        case (.restarted, .stopped), (.restarted, .error), (.restarted, .cold): .starting
        default: throw IllegalMove(from: rawValue, signal: signal.rawValue)
        }
    }
}

/// How an agent was asked to end.
public enum StopRequest: String, Sendable, Codable, CaseIterable, Comparable {
    /// Finish what waits in the inbox, then stop (`close`).
    case whenEmpty = "when_empty"
    /// Stop after the present turn (`kill`).
    case afterTurn = "after_turn"
    /// End the present turn, put its messages back and stop (`kill --now`).
    case now

    private var urgency: Int { self == .whenEmpty ? 0 : self == .afterTurn ? 1 : 2 }
    public static func < (left: Self, right: Self) -> Bool { left.urgency < right.urgency }
}
