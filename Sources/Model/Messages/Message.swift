/// An envelope in an agent's inbox.
public struct Message: Sendable, Equatable {
    public var id: MessageID
    public var from: AgentID
    public var to: AgentID
    public var body: MessageBody
    public var priority: Priority
    public var createdAt: Timestamp
    public var correlation: MessageID?
    /// The request of a person that this message belongs to.
    public var conversation: ConversationID?
    /// How many agents it has passed through since a person asked; storms end at the town's limit.
    public var hops: Int
    /// The message of a person with which its chain began; nil if it begins one itself. The store sets it, and the path,
    /// from the turn that sends.
    public var root: MessageID?
    /// The agents through which its chain came since a task was last completed in it, the latest last; at most
    /// `longestPath` of them.
    public var path: [AgentID]
    /// The person on a channel who wrote it, where no agent did.
    public var author: Author?
    /// Absolute paths of files that belong to it.
    public var attachments: [String]
    /// True if the store knew the sender by its turn's secret; false if somebody else named it; nil if nothing is known,
    /// and for the supervisor and the town itself.
    public var verified: Bool?
    /// A second identity given by the caller: two messages with one key are one message.
    public var idempotencyKey: String?

    public init(
        id: MessageID, from: AgentID, to: AgentID, body: MessageBody, priority: Priority = .normal, createdAt: Timestamp
    ) {
        self.id = id
        self.from = from
        self.to = to
        self.body = body
        self.priority = priority
        self.createdAt = createdAt
        hops = 0
        path = []
        attachments = []
    }

    /// How much of a path is kept.
    public static let longestPath = 24

    /// The lane it waits in.
    public var lane: Lane { priority >= .high ? .urgent : .normal }
}

/// A person on a channel.
public struct Author: Sendable, Equatable, Codable {
    public var channel: String
    public var id: String
    public var name: String

    public init(channel: String, id: String, name: String) {
        self.channel = channel
        self.id = id
        self.name = name
    }
}

/// How pressing a message is. `high` and `urgent` wait in the urgent lane, the others in the normal one.
public enum Priority: String, Sendable, Codable, CaseIterable, Comparable {
    case low, normal, high, urgent

    public static func < (left: Self, right: Self) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// The two queues of an inbox. Everything urgent is read before anything normal; within a lane, first in first out.
public enum Lane: Int, Sendable, Codable, CaseIterable, Comparable {
    case urgent = 0
    case normal = 1

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
