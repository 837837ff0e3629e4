/// What a message says. The cases are Tinytown's twelve message types (reference: tinytown 1.5).
public enum MessageBody: Sendable, Equatable {
    case task(description: String)
    case query(question: String)
    case informational(summary: String)
    case confirmation(Acknowledgement)
    case taskAssign(TaskID)
    case taskDone(TaskID, result: String)
    case taskFailed(TaskID, error: String)
    case statusRequest
    case statusResponse(state: String, currentTask: String?)
    case ping
    case pong
    case shutdown
    case custom(kind: String, payload: String)

    /// Tinytown's `ack_type`.
    public enum Acknowledgement: Sendable, Equatable {
        case received, acknowledged, thanks, approved
        case rejected(reason: String)

        /// The wire name.
        public var name: String {
            switch self {
            case .received: "received"
            case .acknowledged: "acknowledged"
            case .thanks: "thanks"
            case .approved: "approved"
            case .rejected: "rejected"
            }
        }

        /// Reads what a person wrote after `--ack`: `rejected: why`, or a text that begins with `received` or
        /// `approved`, or one that holds `thanks`; anything else acknowledges.
        public init(text: String) {
            let lower = text.trimmed.lowercased()
            if lower.hasPrefix("rejected:") {
                let reason = String(text.trimmed.dropFirst(9)).trimmed
                self = .rejected(reason: reason.isEmpty ? "no reason given" : reason)
            } else if lower.hasPrefix("received") {
                self = .received
            } else if lower.hasPrefix("approved") {
                self = .approved
            } else if lower.contains("thanks") || lower.contains("thank you") {
                self = .thanks
            } else {
                self = .acknowledged
            }
        }
    }

    /// The wire name of the type.
    public var type: String {
        switch self {
        case .task: "task"
        case .query: "query"
        case .informational: "informational"
        case .confirmation: "confirmation"
        case .taskAssign: "task_assign"
        case .taskDone: "task_done"
        case .taskFailed: "task_failed"
        case .statusRequest: "status_request"
        case .statusResponse: "status_response"
        case .ping: "ping"
        case .pong: "pong"
        case .shutdown: "shutdown"
        case .custom: "custom"
        }
    }

    /// The task it is about.
    public var task: TaskID? {
        switch self {
        case .taskAssign(let task), .taskDone(let task, _), .taskFailed(let task, _): task
        default: offeredTask
        }
    }

    /// An offer of a task of the backlog, in a form that programs which know nothing of offers can keep.
    public static func offer(_ task: TaskID) -> MessageBody { .custom(kind: offerKind, payload: task.description) }

    /// The task of the backlog that it offers.
    public var offeredTask: TaskID? {
        if case .custom(Self.offerKind, let payload) = self { TaskID(payload) } else { nil }
    }

    /// The kind of a custom message that is one.
    public static let offerKind = "backlog_offer"

    /// The kind shown in listings: `[T]` task, `[Q]` query, `[I]` informational, `[C]` confirmation, `[!]` other.
    ///
    /// A custom message counts by its kind alone and by whole words, never by what its text happens to hold (W43).
    public var category: Category {
        guard case .custom(let kind, _) = self else { return Self.category(ofType: type) }
        let words = kind.lowercased().split { !$0.isLetter }
        let categories: [Category] = [.confirmation, .query, .informational]
        for (category, names) in zip(categories, Self.kindWords)
        where words.contains(where: { names.contains(String($0)) }) { return category }
        return .task
    }

    /// The category of a type, as far as its wire name says it; that of a custom message may be another.
    public static func category(ofType type: String) -> Category {
        switch type {
        case "task", "task_assign", "custom": .task
        case "query", "status_request": .query
        case "confirmation": .confirmation
        case "shutdown": .otherActionable
        default: .informational
        }
    }

    /// The words in the kind of a custom message that make it a confirmation, a query, or informational; the first that
    /// fits counts.
    public static let kindWords: [Set<String>] = [
        ["ack", "confirmation", "thanks"], ["query", "question"], ["info", "fyi", "status", "update"],
    ]

    public enum Category: String, Sendable, Codable, CaseIterable {
        case task, query, informational, confirmation
        case otherActionable = "other_actionable"

        public var tag: String {
            switch self {
            case .task: "[T]"
            case .query: "[Q]"
            case .informational: "[I]"
            case .confirmation: "[C]"
            case .otherActionable: "[!]"
            }
        }
    }

    /// Whether it starts a turn. What does not waits in the inbox, in full, for the next turn that something starts.
    public var wakes: Bool {
        switch self {
        case .taskDone, .taskFailed, .ping: true
        default: category == .task || category == .query || category == .otherActionable
        }
    }

    /// All of its text in one string, for people and for prompts; never shortened.
    public var text: String {
        switch self {
        case .task(let text), .query(let text), .informational(let text): text
        case .confirmation(.rejected(let reason)): "rejected: \(reason)"
        case .confirmation(let kind): kind.name
        case .taskAssign(let task): "task \(task)"
        case .taskDone(let task, let result): "task \(task) is done: \(result)"
        case .taskFailed(let task, let error): "task \(task) failed: \(error)"
        case .statusRequest: "asks for your status"
        case .statusResponse(let state, let task): task.map { "\(state), working on \($0)" } ?? state
        case .ping: "ping"
        case .pong: "pong"
        case .shutdown: "asks you to finish and stop"
        case .custom(let kind, let payload): "\(kind): \(payload)"
        }
    }
}

extension MessageBody {
    /// The task that this message assigns.
    package var assignedTask: TaskID? {
        if case .taskAssign(let task) = self { task } else { nil }
    }
}
