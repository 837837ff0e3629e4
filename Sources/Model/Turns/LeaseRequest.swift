/// Asks for a turn's messages.
public struct LeaseRequest: Sendable {
    public var agent: AgentID
    public var host: HostID
    public var turn: TurnID
    public var now: Timestamp
    /// How long the lease holds without renewal.
    public var duration: Duration
    /// At most so many messages; more would not fit a prompt.
    public var maxMessages: Int
    /// A message during whose turns the host died so often is leased alone.
    public var aloneAfter: Int
    /// The SHA-256 of the turn's secret, in hexadecimal digits; nil for a turn without one.
    public var proof: String?

    public init(
        agent: AgentID, host: HostID, turn: TurnID, now: Timestamp, duration: Duration = .seconds(30),
        maxMessages: Int = 100, aloneAfter: Int = HostDeaths.alone(HostDeaths.standard), proof: String? = nil
    ) {
        self.agent = agent
        self.host = host
        self.turn = turn
        self.now = now
        self.duration = duration
        self.maxMessages = maxMessages
        self.aloneAfter = aloneAfter
        self.proof = proof
    }
}
