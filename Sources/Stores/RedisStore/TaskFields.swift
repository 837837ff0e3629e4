import FoundationEssentials
import Model
import Text

/// A task as a hash: Tinytown's fields, then ours.
extension AgentTask {
    var fields: Fields {
        var fields: Fields = [
            "id": id.description, "description": description, "state": state.rawValue, "created_at": createdAt.field,
            "updated_at": updatedAt.field, "tags": JSON.quoted(tags), "created_by": createdBy.description,
        ]
        fields["assigned_to"] = assignedTo?.description
        fields["started_at"] = startedAt?.field
        fields["completed_at"] = completedAt?.field
        fields["result"] = result
        fields["parent_id"] = parent?.description
        fields["depends_on"] = Self.list(dependsOn)
        if inBacklog { fields["in_backlog"] = "1" }
        if isWaiting { fields["waiting"] = "1" }
        if isGroup { fields["is_group"] = "1" }
        if priority != .normal { fields["priority"] = priority.rawValue }
        if reminders > 0 { fields["reminders"] = String(reminders) }
        return fields
    }

    /// Nil without an id or a description. An unknown state is read as `pending`, as Tinytown does.
    init?(fields: Fields) {
        guard let id: TaskID = fields.id("id"), let description = fields["description"] else { return nil }
        let created = fields.time("created_at") ?? Timestamp(microseconds: 0)
        self.init(
            id: id, description: description, createdBy: fields.id("created_by") ?? .supervisor, createdAt: created)
        state = fields["state"].flatMap(TaskState.init(wireName:)) ?? .pending
        assignedTo = fields.id("assigned_to")
        updatedAt = fields.time("updated_at") ?? created
        startedAt = fields.time("started_at")
        completedAt = fields.time("completed_at")
        result = fields["result"]
        parent = fields.id("parent_id")
        dependsOn = (fields["depends_on"] ?? "").split(separator: " ").compactMap { TaskID(String($0)) }
        tags = fields["tags"].flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) } ?? []
        inBacklog = fields["in_backlog"] != nil
        isWaiting = fields["waiting"] != nil
        isGroup = fields["is_group"] != nil
        priority = fields["priority"].flatMap(Priority.init) ?? .normal
        reminders = fields.int("reminders")
    }

    private static func list(_ ids: [TaskID]) -> String? {
        ids.isEmpty ? nil : ids.map(\.description).joined(separator: " ")
    }
}

extension TaskRevision {
    /// All that may be changed, as fields of the hash.
    var fields: Fields {
        var fields: Fields = ["description": description, "tags": JSON.quoted(tags)]
        fields["parent_id"] = parent?.description
        if !dependsOn.isEmpty { fields["depends_on"] = dependsOn.map(\.description).joined(separator: " ") }
        if isGroup { fields["is_group"] = "1" }
        return fields
    }
}
