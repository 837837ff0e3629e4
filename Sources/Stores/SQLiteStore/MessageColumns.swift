import FoundationEssentials
import Model
import SQLite

/// A message as its columns.
struct MessageColumns {
    var text: String?
    var detail: String?
    var extra: String?

    /// What is rare: kept as JSON so that most messages do not pay for it.
    private struct Extra: Codable {
        var attachments: [String]?
        var author: Author?
        var root: MessageID?
        var path: [AgentID]?
    }

    init(_ message: Message) {
        switch message.body {
        case .task(let description): text = description
        case .query(let question): text = question
        case .informational(let summary): text = summary
        case .confirmation(let kind):
            text = kind.name
            if case .rejected(let reason) = kind { detail = reason }
        case .taskDone(_, let result): text = result
        case .taskFailed(_, let error): text = error
        case .statusResponse(let state, let task): (text, detail) = (state, task)
        case .custom(let kind, let payload): (text, detail) = (payload, kind)
        case .taskAssign, .statusRequest, .ping, .pong, .shutdown: break
        }
        guard message.author != nil || !message.attachments.isEmpty || message.root != nil || !message.path.isEmpty
        else {
            return
        }
        let rare = Extra(
            attachments: message.attachments.isEmpty ? nil : message.attachments, author: message.author,
            root: message.root, path: message.path.isEmpty ? nil : message.path)
        // Encoding strings to JSON cannot fail.
        extra = (try? JSONEncoder().encode(rare)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A row of `messages`. What does not decode is readable as a custom message that holds what is there.
    static func read(_ row: borrowing Row) -> (delivery: Delivery, isReadable: Bool) {
        let type: String = row[8]
        let (text, detail): (String?, String?) = (row[20], row[21])
        let task: TaskID? = row[14]
        var isReadable = true
        let body = body(type, text, detail, task)
        let priority = Priority(rawValue: row[6])
        if body == nil || priority == nil { isReadable = false }
        var message = Message(
            id: row[1], from: row[4], to: row[3],
            body: body ?? .custom(kind: "unreadable", payload: "\(type): \(text ?? "") \(detail ?? "")"),
            priority: priority ?? (row.integer(5) == 0 ? .urgent : .normal), createdAt: row[12])
        message.hops = row.count(13)
        message.correlation = row[15]
        message.conversation = row[16]
        message.idempotencyKey = row[17]
        message.verified = row[23]
        if let extra: String = row[19] {
            if let rare = try? JSONDecoder().decode(Extra.self, from: Data(extra.utf8)) {
                message.attachments = rare.attachments ?? []
                message.author = rare.author
                message.root = rare.root
                message.path = rare.path ?? []
            } else {
                isReadable = false
            }
        }
        var delivery = Delivery(
            message: message, sequence: row[0], state: Delivery.State(code: row[2]), changedAt: row[11])
        delivery.attempts = row.count(9)
        delivery.deliveries = row.count(10)
        delivery.hostDeaths = row.count(22)
        delivery.lastError = row[18]
        return (delivery, isReadable)
    }

    private static func body(_ type: String, _ text: String?, _ detail: String?, _ task: TaskID?) -> MessageBody? {
        switch type {
        case "task": text.map { .task(description: $0) }
        case "query": text.map { .query(question: $0) }
        case "informational": text.map { .informational(summary: $0) }
        case "confirmation": acknowledgement(text, detail).map { .confirmation($0) }
        case "task_assign": task.map { .taskAssign($0) }
        case "task_done": task.flatMap { task in text.map { .taskDone(task, result: $0) } }
        case "task_failed": task.flatMap { task in text.map { .taskFailed(task, error: $0) } }
        case "status_request": .statusRequest
        case "status_response": text.map { .statusResponse(state: $0, currentTask: detail) }
        case "ping": .ping
        case "pong": .pong
        case "shutdown": .shutdown
        case "custom": text.flatMap { text in detail.map { .custom(kind: $0, payload: text) } }
        default: nil
        }
    }

    private static func acknowledgement(_ name: String?, _ reason: String?) -> MessageBody.Acknowledgement? {
        switch name {
        case "received": .received
        case "acknowledged": .acknowledged
        case "thanks": .thanks
        case "approved": .approved
        case "rejected": .rejected(reason: reason ?? "no reason given")
        default: nil
        }
    }
}
