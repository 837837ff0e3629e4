import Model

/// The keys of a message's view. Those of its payload depend on its type (reference: tinytown 1.5), so they cannot be
/// learnt by reading one.
extension MessageView: SchemaDescribed {
    static var schema: Schema {
        func property(_ name: String, _ schema: Schema, _ isRequired: Bool) -> Schema.Property {
            Schema.Property(name: name, schema: schema, isRequired: isRequired)
        }
        let (text, id, time) = (Schema.string(), Schema.string(format: "uuid"), Schema.string(format: "date-time"))
        let always: [(String, Schema)] = [
            ("id", id), ("from", id), ("to", id), ("type", text),
            ("priority", SchemaReader.schema(of: Priority.self)), ("created_at", time),
            ("correlation_id", .nullable(id)), ("sequence", .integer()),
            ("state", SchemaReader.schema(of: Delivery.State.self)), ("lane", .choice(["normal", "urgent"])),
            ("attempts", .integer()), ("deliveries", .integer()), ("last_error", .nullable(text)),
            ("changed_at", time), ("category", SchemaReader.schema(of: MessageBody.Category.self)), ("text", text),
            ("from_label", text), ("to_label", text),
        ]
        let sometimes: [(String, Schema)] = [
            ("conversation_id", id), ("hops", .integer()), ("root_id", id), ("path", .array(id)),
            ("author", SchemaReader.schema(of: Author.self)), ("attachments", .array(text)), ("verified", .boolean),
            ("idempotency_key", text), ("description", text), ("question", text), ("summary", text),
            ("ack_type", .map(text)), ("task_id", id), ("result", text), ("error", text),
            ("current_task", .nullable(text)), ("kind", text), ("payload", text), ("status_state", text),
            ("host_deaths", .integer()), ("task_description", text),
        ]
        let properties = always.map { property($0, $1, true) } + sometimes.map { property($0, $1, false) }
        return .object(Schema.Object(name: "MessageView", properties: properties))
    }
}
