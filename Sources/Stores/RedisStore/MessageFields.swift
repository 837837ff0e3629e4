import FoundationEssentials
import Model
import Redis
import Text

extension Message {
    /// The wire form: Tinytown's keys in Tinytown's order, then ours, which are left out where they say nothing.
    var wire: String {
        var out = "{\"id\":\"\(id)\",\"from\":\"\(from)\",\"to\":\"\(to)\",\"type\":\"\(body.type)\""
        func member(_ name: String, _ text: String) { out += ",\"\(name)\":" + JSON.quoted(text) }
        switch body {
        case .task(let text): member("description", text)
        case .query(let text): member("question", text)
        case .informational(let text): member("summary", text)
        case .confirmation(.rejected(let reason)):
            out += ",\"ack_type\":{\"type\":\"rejected\",\"reason\":" + JSON.quoted(reason) + "}"
        case .confirmation(let kind): out += ",\"ack_type\":{\"type\":\"\(kind.name)\"}"
        case .taskAssign(let task): member("task_id", task.description)
        case .taskDone(let task, let result):
            member("task_id", task.description)
            member("result", result)
        case .taskFailed(let task, let error):
            member("task_id", task.description)
            member("error", error)
        case .statusResponse(let state, let task):
            member("state", state)
            if let task { member("current_task", task) } else { out += ",\"current_task\":null" }
        case .custom(let kind, let payload):
            member("kind", kind)
            member("payload", payload)
        case .statusRequest, .ping, .pong, .shutdown: break
        }
        member("priority", priority.rawValue)
        member("created_at", createdAt.description)
        if let correlation {
            member("correlation_id", correlation.description)
        } else {
            out += ",\"correlation_id\":null"
        }
        if let conversation { member("conversation_id", conversation.description) }
        if hops > 0 { out += ",\"hops\":\(hops)" }
        if let author {
            out +=
                ",\"author\":{\"channel\":" + JSON.quoted(author.channel) + ",\"id\":" + JSON.quoted(author.id)
                + ",\"name\":" + JSON.quoted(author.name) + "}"
        }
        if !attachments.isEmpty { out += ",\"attachments\":" + JSON.quoted(attachments) }
        if let idempotencyKey { member("idempotency_key", idempotencyKey) }
        return out + "}"
    }

    /// What the store itself has to know of it.
    var fields: Fields {
        var fields: Fields = [
            "from": from.description, "to": to.description, "type": body.type, "lane": String(lane.rawValue),
        ]
        if body.wakes { fields["wakes"] = "1" }
        if hops > 0 { fields["hops"] = String(hops) }
        fields["conv"] = conversation?.description
        fields["root"] = root?.description
        if !path.isEmpty { fields["path"] = path.map(\.description).joined(separator: " ") }
        fields["task"] = body.task?.description
        fields["key"] = idempotencyKey
        fields["verified"] = verified.map { $0 ? "1" : "0" }
        return fields
    }

    /// The end of its line in the log, which is for people and kept short; an assignment is a line of its own.
    var about: String { body.task == nil ? FirstLine.mention(of: body.text) : "" }
}

extension Arguments {
    /// A message to be sent.
    mutating func add(_ message: Message) {
        add(message.id)
        add(message.wire)
        if case .custom(let kind, _) = message.body { add(String(kind.prefix(40))) } else { add(message.body.type) }
        add(message.about)
        add(message.createdAt)
        add(message.from)
        add(message.to)
        add(message.body.type)
        add(String(message.lane.rawValue))
        add(optional: message.body.wakes ? "1" : nil)
        add(optional: message.hops > 0 ? String(message.hops) : nil)
        add(optional: message.conversation?.description)
        add(optional: message.body.task?.description)
        add(optional: message.idempotencyKey)
        add(optional: message.verified.map { $0 ? "1" : "0" })
    }
}

extension Delivery {
    /// What the record says goes before what the text says: a message may have moved since it was written. One whose
    /// text cannot be read is shown as a custom message that holds it.
    ///
    /// - Parameter reply: the record, and the text.
    init?(reply: RedisValue) {
        let fields = reply[0].record
        guard let id: MessageID = fields.id("id") else { return nil }
        let changed = fields.instant("changed") ?? Timestamp(microseconds: 0)
        var message: Message
        if fields["type"] != "unreadable", let read = Message(wire: reply[1].bytes ?? []) {
            message = read
        } else {
            message = Message(
                id: id, from: .supervisor, to: .supervisor,
                body: .custom(kind: "unreadable", payload: reply[1].text ?? ""),
                createdAt: changed)
        }
        message.id = id
        if let from: AgentID = fields.id("from") { message.from = from }
        if let to: AgentID = fields.id("to") { message.to = to }
        message.hops = fields.int("hops")
        message.conversation = fields.id("conv")
        message.root = fields.id("root")
        let path = (fields["path"] ?? "").split(separator: " ").compactMap { AgentID(String($0)) }
        message.path = Array(path.suffix(Message.longestPath))
        // Only the record counts: anybody may have written the text.
        message.verified = fields["verified"].map { $0 == "1" }
        self.init(
            message: message, sequence: fields.sequence("seq"),
            state: fields["state"].flatMap(State.init) ?? .queued, changedAt: changed)
        attempts = fields.int("attempts")
        deliveries = fields.int("deliveries")
        hostDeaths = fields.int("deaths")
        lastError = fields["error"]
    }

    /// The whole record, for a town that is put in place of another.
    var fields: Fields {
        var fields = message.fields
        fields["seq"] = String(sequence)
        fields["state"] = state.rawValue
        fields["changed"] = String(changedAt.microseconds)
        fields["attempts"] = String(attempts)
        fields["deliveries"] = String(deliveries)
        if hostDeaths > 0 { fields["deaths"] = String(hostDeaths) }
        fields["error"] = lastError
        return fields
    }
}
