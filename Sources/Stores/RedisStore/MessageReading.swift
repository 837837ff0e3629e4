import FoundationEssentials
import Model

extension Message {
    /// Reads the wire form; nil for what is none. The usual ones, whose members are all texts, are read many times
    /// quicker than a decoder for everything does it.
    init?(wire bytes: [UInt8]) {
        if let fields = FlatJSON.fields(bytes, exceptFor: ["hops", "correlation_id"]), let usual = Self.usual(fields) {
            self = usual
        } else if let read = try? JSONDecoder().decode(Message.self, from: Data(bytes)) {
            self = read
        } else {
            return nil
        }
    }

    /// Nil where something is missing or is not as it should be: the decoder decides then.
    private static func usual(_ fields: Fields) -> Message? {
        guard let id: MessageID = fields.id("id"), let from: AgentID = fields.id("from"),
            let to: AgentID = fields.id("to"), let created = fields.time("created_at"),
            let priority = Priority(rawValue: fields["priority"] ?? Priority.normal.rawValue),
            let body = body(fields), fields["author"] == nil, fields["attachments"] == nil
        else { return nil }
        var message = Message(id: id, from: from, to: to, body: body, priority: priority, createdAt: created)
        if fields["correlation_id"] != nil {
            guard let correlation: MessageID = fields.id("correlation_id") else { return nil }
            message.correlation = correlation
        }
        if fields["conversation_id"] != nil {
            guard let conversation: ConversationID = fields.id("conversation_id") else { return nil }
            message.conversation = conversation
        }
        if let hops = fields["hops"] {
            guard let number = Figure.int(hops, in: Figure.counts) else { return nil }
            message.hops = number
        }
        message.idempotencyKey = fields["idempotency_key"]
        return message
    }

    private static func body(_ fields: Fields) -> MessageBody? {
        switch fields["type"] {
        case "task": fields["description"].map { .task(description: $0) }
        case "query": fields["question"].map { .query(question: $0) }
        case "informational": fields["summary"].map { .informational(summary: $0) }
        case "task_assign": fields.id("task_id").map { .taskAssign($0) }
        case "task_done": fields.id("task_id").flatMap { id in fields["result"].map { .taskDone(id, result: $0) } }
        case "task_failed": fields.id("task_id").flatMap { id in fields["error"].map { .taskFailed(id, error: $0) } }
        case "custom": fields["kind"].flatMap { kind in fields["payload"].map { .custom(kind: kind, payload: $0) } }
        default: nil
        }
    }
}
