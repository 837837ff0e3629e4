public import FoundationEssentials
import Model

/// An envelope in an inbox.
public struct Message: Sendable, Hashable, Identifiable {
    public let id: MessageID
    public let from: AgentID
    public let to: AgentID
    public let content: Content
    public let priority: Priority
    /// The message that this one answers.
    public let correlation: MessageID?
    public let createdAt: Date

    /// How pressing a message is. High and urgent ones are read before all others; within each of the two lanes the
    /// first sent is the first read.
    public enum Priority: String, Sendable, Hashable, CaseIterable, Codable { case low, normal, high, urgent }

    init(_ message: Model.Message) {
        id = MessageID(message.id)
        from = AgentID(message.from)
        to = AgentID(message.to)
        content = Content(message.body)
        priority =
            switch message.priority {
            case .low: .low
            case .normal: .normal
            case .high: .high
            case .urgent: .urgent
            }
        correlation = message.correlation.map { MessageID($0) }
        createdAt = Date(message.createdAt)
    }

    /// Its text in one string, for people.
    public var text: String { content.body.text }
    /// Asks its recipient to do something.
    public var isActionable: Bool { content.isActionable }
}

extension Message {
    /// What a message says.
    public enum Content: Sendable, Hashable {
        /// Work that is described in the message itself; it has no life of its own.
        case task(String)
        case query(String)
        /// For information; starts no turn.
        case informational(String)
        case confirmation(Confirmation)
        case taskAssigned(TaskID)
        case taskDone(TaskID, result: String)
        case taskFailed(TaskID, error: String)
        case statusRequest
        case statusResponse(state: String, currentTask: String?)
        case ping
        case pong
        /// Asks an agent to finish and stop.
        case shutdown
        /// Whatever two programs agree on.
        case custom(kind: String, payload: String)
    }

    /// What is confirmed.
    public enum Confirmation: Sendable, Hashable {
        case received, acknowledged, thanks, approved
        case rejected(reason: String)
    }
}

extension Message.Content {
    /// Asks its recipient to do something.
    public var isActionable: Bool {
        switch body.category {
        case .task, .query, .otherActionable: true
        case .informational, .confirmation: self == .ping
        }
    }

    init(_ body: MessageBody) {
        self =
            switch body {
            case .task(let text): .task(text)
            case .query(let text): .query(text)
            case .informational(let text): .informational(text)
            case .confirmation(let kind): .confirmation(Message.Confirmation(kind))
            case .taskAssign(let task): .taskAssigned(TaskID(task))
            case .taskDone(let task, let result): .taskDone(TaskID(task), result: result)
            case .taskFailed(let task, let error): .taskFailed(TaskID(task), error: error)
            case .statusRequest: .statusRequest
            case .statusResponse(let state, let task): .statusResponse(state: state, currentTask: task)
            case .ping: .ping
            case .pong: .pong
            case .shutdown: .shutdown
            case .custom(let kind, let payload): .custom(kind: kind, payload: payload)
            }
    }

    var body: MessageBody {
        switch self {
        case .task(let text): .task(description: text)
        case .query(let text): .query(question: text)
        case .informational(let text): .informational(summary: text)
        case .confirmation(let kind): .confirmation(kind.acknowledgement)
        case .taskAssigned(let task): .taskAssign(task.id())
        case .taskDone(let task, let result): .taskDone(task.id(), result: result)
        case .taskFailed(let task, let error): .taskFailed(task.id(), error: error)
        case .statusRequest: .statusRequest
        case .statusResponse(let state, let task): .statusResponse(state: state, currentTask: task)
        case .ping: .ping
        case .pong: .pong
        case .shutdown: .shutdown
        case .custom(let kind, let payload): .custom(kind: kind, payload: payload)
        }
    }
}

extension Message.Confirmation {
    init(_ kind: MessageBody.Acknowledgement) {
        self =
            switch kind {
            case .received: .received
            case .acknowledged: .acknowledged
            case .thanks: .thanks
            case .approved: .approved
            case .rejected(let reason): .rejected(reason: reason)
            }
    }

    var acknowledgement: MessageBody.Acknowledgement {
        switch self {
        case .received: .received
        case .acknowledged: .acknowledged
        case .thanks: .thanks
        case .approved: .approved
        case .rejected(let reason): .rejected(reason: reason)
        }
    }
}

extension Message.Priority {
    var model: Model.Priority {
        switch self {
        case .low: .low
        case .normal: .normal
        case .high: .high
        case .urgent: .urgent
        }
    }
}
