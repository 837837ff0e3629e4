/// Bounds on what may be sent.
public struct SendLimits: Sendable, Equatable {
    /// The longest chain of agents that one request may set in motion.
    public var maxHops: Int
    /// How many messages may wait in an inbox before no more are taken; nil: any number.
    public var maxInbox: Int?
    /// How often one turn may send, assign or add work; nil: any number.
    public var perTurn: Int?
    /// How often one agent may do so within a minute, over all its turns; nil: any number.
    public var perMinute: Int?
    /// When one chain brings the same agent to work so often, and no task was completed in between, its message is held.
    public var sameAgent: Int
    /// How often two agents may pass a chain to each other without completing a task.
    public var pingPong: Int
    /// How many messages of agents one message of a person may set in motion.
    public var perRoot: Int

    public init(
        maxHops: Int = 20, maxInbox: Int? = nil, perTurn: Int? = nil, perMinute: Int? = nil, sameAgent: Int = 5,
        pingPong: Int = 6, perRoot: Int = 200
    ) {
        self.maxHops = maxHops
        self.sameAgent = sameAgent
        self.pingPong = pingPong
        self.perRoot = perRoot
        self.maxInbox = maxInbox
        self.perTurn = perTurn
        self.perMinute = perMinute
    }
}

/// How much an agent has sent lately.
public struct SendCount: Sendable, Equatable {
    /// The turn that `inTurn` counts.
    public var turn: TurnID
    public var inTurn: Int
    /// When the minute that `inMinute` counts began.
    public var since: Timestamp
    public var inMinute: Int

    public init(turn: TurnID, inTurn: Int, since: Timestamp, inMinute: Int) {
        self.turn = turn
        self.inTurn = inTurn
        self.since = since
        self.inMinute = inMinute
    }
}
