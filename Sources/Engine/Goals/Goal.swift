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
    public enum Kind: String, Codable, Sendable {
        /// The conductor is gone from the town.
        case removed
        /// The conductor was asked to stop.
        case stopped
        /// The conductor is paused; `detail` says why.
        case paused
        /// The conductor ended with an error.
        case failed
        /// The conductor used up its turns.
        case outOfTurns = "out_of_rounds"
        /// An agent that owns a task of the goal is paused.
        case ownerPaused = "owner_paused"
        /// An agent asked the person something.
        case question
        /// Nothing moves, and the conductor does not go on.
        case standstill
    }

    public var kind: Kind
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

    init(_ kind: Kind, _ agent: String = Conductor.name, _ detail: String? = nil) {
        self.kind = kind
        self.agent = agent
        self.detail = detail
    }
}
