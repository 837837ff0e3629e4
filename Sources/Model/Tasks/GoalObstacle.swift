/// What stands in the way of a goal and only a person can remove.
public enum GoalObstacle: String, Codable, Sendable, CaseIterable {
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
