/// What became of what a removed agent had.
public struct Removal: Sendable, Equatable, Codable {
    /// Open tasks that are in the backlog again.
    public var tasks: [TaskID]
    /// Messages that are dead letters now.
    public var deadLetters: Int

    public init(tasks: [TaskID] = [], deadLetters: Int = 0) {
        self.tasks = tasks
        self.deadLetters = deadLetters
    }
}

/// Where reclaimed work goes.
public enum Destination: Sendable, Equatable {
    case backlog
    case agent(AgentID)
}

/// What was moved.
public struct Reclaimed: Sendable, Equatable {
    /// Tasks that changed hands.
    public var tasks: [TaskID]
    /// Tasks that were made of messages, by the messages' order.
    public var made: [TaskID]
    /// Messages that moved to the other agent.
    public var messages: [MessageID]
    /// Messages that stay in the inbox.
    public var left: Int

    public init(tasks: [TaskID] = [], made: [TaskID] = [], messages: [MessageID] = [], left: Int = 0) {
        self.tasks = tasks
        self.made = made
        self.messages = messages
        self.left = left
    }
}
