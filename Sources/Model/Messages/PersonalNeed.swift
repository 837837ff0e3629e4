/// A thing that needs the person in charge. There is one message about each in the supervisor's mailbox: its idempotency
/// key is made of the thing, so that no store and no repetition ever tells of it twice.
public enum PersonalNeed: Sendable, Hashable {
    /// A task failed.
    case task(TaskID)
    /// A message became a dead letter.
    case letter(MessageID)
    /// An agent is paused, or has ended although mail waits for it.
    case agent(AgentID)
    /// An agent waits by itself, and has done so for long or for something that this machine lacks. A turn that goes well
    /// settles it.
    case waiting(AgentID)
    /// What one message set in motion goes round in circles. It is told once and never again.
    case root(MessageID)

    /// The idempotency key of the message.
    public var key: String {
        switch self {
        case .task(let id): "needs:task:\(id)"
        case .letter(let id): "needs:letter:\(id)"
        case .agent(let id): "needs:agent:\(id)"
        case .waiting(let id): "needs:waiting:\(id)"
        case .root(let id): "needs:root:\(id)"
        }
    }

    /// What a message of the town is about; nil for every other message.
    public init?(_ message: Message) {
        guard message.from == .supervisor, message.to == .supervisor, let key = message.idempotencyKey else {
            return nil
        }
        let parts = key.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "needs" else { return nil }
        let text = String(parts[2])
        switch parts[1] {
        case "task": if let id = TaskID(text) { self = .task(id) } else { return nil }
        case "letter": if let id = MessageID(text) { self = .letter(id) } else { return nil }
        case "root": if let id = MessageID(text) { self = .root(id) } else { return nil }
        case "waiting": if let id = AgentID(text) { self = .waiting(id) } else { return nil }
        case "agent": if let id = AgentID(text) { self = .agent(id) } else { return nil }
        default: return nil
        }
    }
}
