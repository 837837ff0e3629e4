public import Model

/// What is kept of the goal that a town's conductor works towards, beside its task: how often the conductor was woken, and
/// what only a person can do.
public struct Goal: Codable, Sendable, Equatable {
    /// There is one in a town, at most.
    public static let place = Place.text("goal:current")
    /// How often the conductor is woken while the work stays as it is; after that, a person is needed.
    static let mostNudges = 3

    /// The goal.
    public var task: TaskID
    var nudges = 0
    /// Stands for the work as it was when the conductor was woken last.
    var seen = ""
    /// The conductor was still about to end after an earlier goal when it got this one: it is brought back once.
    var restarts = false
    /// Why it does not go on by itself.
    public var need: GoalNeed?

    enum CodingKeys: String, CodingKey {
        case task, nudges, seen, restarts, need
    }

    /// - Parameter conductor: what is about to end ends because of an earlier goal, and comes back for this one.
    public init(task: TaskID, conductor: Agent? = nil) {
        self.task = task
        restarts = conductor?.stopRequest != nil
    }
}

/// What only a person can do for a goal.
public struct GoalNeed: Codable, Sendable, Equatable {
    public var kind: GoalObstacle
    /// The name of the agent that it is about.
    public var agent: String
    /// What it says: a reason, or the question.
    public var detail: String?
    /// What says so in the supervisor's mailbox: the question, or a note that nobody works. It is read once this is shown.
    public var message: MessageID?
    /// The turns that the agent has ended with the one that asked: what it does after that does not belong to the question.
    var round: Int?

    /// Whether nothing else in the town tells the person about it, and nobody has so far.
    var isNews: Bool { (kind == .standstill || kind == .outOfTurns) && message == nil }

    init(_ kind: GoalObstacle, _ agent: String = Conductor.name, _ detail: String? = nil) {
        self.kind = kind
        self.agent = agent
        self.detail = detail
    }
}
