/// The wire form: one flat object, the payload beside the envelope, keys as Tinytown writes them (reference:
/// tinytown 1.5). Our own keys follow and are left out where they say nothing, so Tinytown's readers see what they know.
extension Message: Codable {
    private enum Key: String, CodingKey {
        case id, from, to, type, priority
        case createdAt = "created_at"
        case correlation = "correlation_id"
        case conversation = "conversation_id"
        case hops, path, author, attachments, verified
        case root = "root_id"
        case idempotencyKey = "idempotency_key"
        case description, question, summary
        case acknowledgement = "ack_type"
        case task = "task_id"
        case result, error, state
        case currentTask = "current_task"
        case kind, payload
    }

    private struct AcknowledgementForm: Codable {
        var type: String
        var reason: String?
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        self.init(
            id: try values.decode(MessageID.self, forKey: .id),
            from: try values.decode(AgentID.self, forKey: .from),
            to: try values.decode(AgentID.self, forKey: .to),
            body: try Self.body(in: values),
            priority: try values.decodeIfPresent(Priority.self, forKey: .priority) ?? .normal,
            createdAt: try values.decode(Timestamp.self, forKey: .createdAt))
        correlation = try values.decodeIfPresent(MessageID.self, forKey: .correlation)
        conversation = try values.decodeIfPresent(ConversationID.self, forKey: .conversation)
        hops = Figure.int(try values.decodeIfPresent(Int.self, forKey: .hops) ?? 0, in: Figure.counts)
        root = try values.decodeIfPresent(MessageID.self, forKey: .root)
        path = Array((try values.decodeIfPresent([AgentID].self, forKey: .path) ?? []).suffix(Self.longestPath))
        author = try values.decodeIfPresent(Author.self, forKey: .author)
        attachments = try values.decodeIfPresent([String].self, forKey: .attachments) ?? []
        verified = try values.decodeIfPresent(Bool.self, forKey: .verified)
        idempotencyKey = try values.decodeIfPresent(String.self, forKey: .idempotencyKey)
    }

    private static func body(in values: KeyedDecodingContainer<Key>) throws -> MessageBody {
        func text(_ key: Key) throws -> String { try values.decode(String.self, forKey: key) }
        func task() throws -> TaskID { try values.decode(TaskID.self, forKey: .task) }
        switch try text(.type) {
        case "task": return .task(description: try text(.description))
        case "query": return .query(question: try text(.question))
        case "informational": return .informational(summary: try text(.summary))
        case "confirmation":
            let form = try values.decode(AcknowledgementForm.self, forKey: .acknowledgement)
            switch form.type {
            case "received": return .confirmation(.received)
            case "acknowledged": return .confirmation(.acknowledged)
            case "thanks": return .confirmation(.thanks)
            case "approved": return .confirmation(.approved)
            case "rejected": return .confirmation(.rejected(reason: form.reason ?? "no reason given"))
            default:
                throw DecodingError.dataCorruptedError(
                    forKey: .acknowledgement, in: values, debugDescription: "unknown ack_type '\(form.type)'")
            }
        case "task_assign": return .taskAssign(try task())
        case "task_done": return .taskDone(try task(), result: try text(.result))
        case "task_failed": return .taskFailed(try task(), error: try text(.error))
        case "status_request": return .statusRequest
        case "status_response":
            return .statusResponse(
                state: try text(.state), currentTask: try values.decodeIfPresent(String.self, forKey: .currentTask))
        case "ping": return .ping
        case "pong": return .pong
        case "shutdown": return .shutdown
        case "custom": return .custom(kind: try text(.kind), payload: try text(.payload))
        case let unknown:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: values, debugDescription: "unknown message type '\(unknown)'")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(id, forKey: .id)
        try values.encode(from, forKey: .from)
        try values.encode(to, forKey: .to)
        try values.encode(body.type, forKey: .type)
        switch body {
        case .task(let text): try values.encode(text, forKey: .description)
        case .query(let text): try values.encode(text, forKey: .question)
        case .informational(let text): try values.encode(text, forKey: .summary)
        case .confirmation(let kind):
            var form = AcknowledgementForm(type: kind.name)
            if case .rejected(let reason) = kind { form.reason = reason }
            try values.encode(form, forKey: .acknowledgement)
        case .taskAssign(let task): try values.encode(task, forKey: .task)
        case .taskDone(let task, let result):
            try values.encode(task, forKey: .task)
            try values.encode(result, forKey: .result)
        case .taskFailed(let task, let error):
            try values.encode(task, forKey: .task)
            try values.encode(error, forKey: .error)
        case .statusResponse(let state, let task):
            try values.encode(state, forKey: .state)
            try values.encode(task, forKey: .currentTask)
        case .custom(let kind, let payload):
            try values.encode(kind, forKey: .kind)
            try values.encode(payload, forKey: .payload)
        case .statusRequest, .ping, .pong, .shutdown: break
        }
        try values.encode(priority, forKey: .priority)
        try values.encode(createdAt, forKey: .createdAt)
        try values.encode(correlation, forKey: .correlation)
        try values.encodeIfPresent(conversation, forKey: .conversation)
        if hops > 0 { try values.encode(hops, forKey: .hops) }
        try values.encodeIfPresent(root, forKey: .root)
        if !path.isEmpty { try values.encode(path, forKey: .path) }
        try values.encodeIfPresent(author, forKey: .author)
        if !attachments.isEmpty { try values.encode(attachments, forKey: .attachments) }
        try values.encodeIfPresent(verified, forKey: .verified)
        try values.encodeIfPresent(idempotencyKey, forKey: .idempotencyKey)
    }
}
