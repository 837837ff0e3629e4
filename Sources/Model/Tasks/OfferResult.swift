/// Whether a task was offered.
public enum OfferResult: String, Sendable, Codable, CaseIterable {
    case offered
    /// This agent was offered this task before.
    case known
    /// The task is not in the backlog any more, or another agent thinks about it.
    case taken
    /// The agent takes a turn, has work, or may take no turn now.
    case busy
}
