public import Model

/// A message with its place in the store: Tinytown's flat message form with our fields beside it.
public struct MessageView: Codable, Sendable, Equatable {
    public var delivery: Delivery
    /// `[T]`, `[Q]`, …: what lists show.
    public var category: MessageBody.Category
    /// All of its text in one string.
    public var text: String
    /// Who sent it, for people.
    public var fromLabel: String
    public var toLabel: String
    /// The description of the task that it speaks of.
    public var taskDescription: String?

    public var message: Message { delivery.message }

    private enum Key: String, CodingKey {
        case sequence, state, attempts, deliveries, category, text
        case lane
        case hostDeaths = "host_deaths"
        case lastError = "last_error"
        case changedAt = "changed_at"
        case fromLabel = "from_label"
        case toLabel = "to_label"
        case taskDescription = "task_description"
        case statusState = "status_state"
    }

    public init(_ delivery: Delivery, labels: [AgentID: String] = [:], taskDescription: String? = nil) {
        self.delivery = delivery
        self.taskDescription = taskDescription
        category = delivery.message.body.category
        text = delivery.message.body.text
        let from =
            delivery.message.author.map { "\($0.name) (\($0.channel))" }
            ?? labels[delivery.message.from] ?? delivery.message.from.description
        let isOfTown = PersonalNeed(delivery.message) != nil
        fromLabel = isOfTown ? "the town" : from + (delivery.message.verified == false ? " (unverified)" : "")
        toLabel = labels[delivery.message.to] ?? delivery.message.to.description
    }

    // The payload of `status_response` has a `state` of its own; the place in the store wins that key, because every
    // message has it, and the payload's is moved.
    public func encode(to encoder: any Encoder) throws {
        try message.encode(to: encoder)
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(delivery.sequence, forKey: .sequence)
        try values.encode(delivery.state, forKey: .state)
        if case .statusResponse(let state, _) = message.body { try values.encode(state, forKey: .statusState) }
        try values.encode(message.lane == .urgent ? "urgent" : "normal", forKey: .lane)
        try values.encode(delivery.attempts, forKey: .attempts)
        try values.encode(delivery.deliveries, forKey: .deliveries)
        if delivery.hostDeaths > 0 { try values.encode(delivery.hostDeaths, forKey: .hostDeaths) }
        try values.encode(delivery.lastError, forKey: .lastError)
        try values.encode(delivery.changedAt, forKey: .changedAt)
        try values.encode(category, forKey: .category)
        try values.encode(text, forKey: .text)
        try values.encode(fromLabel, forKey: .fromLabel)
        try values.encode(toLabel, forKey: .toLabel)
        try values.encodeIfPresent(taskDescription, forKey: .taskDescription)
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        var message = try Message(from: decoder)
        if case .statusResponse(_, let task) = message.body {
            let state = try values.decodeIfPresent(String.self, forKey: .statusState) ?? ""
            message.body = .statusResponse(state: state, currentTask: task)
        }
        delivery = Delivery(
            message: message, sequence: try values.decode(Int64.self, forKey: .sequence),
            state: try values.decode(Delivery.State.self, forKey: .state),
            changedAt: try values.decode(Timestamp.self, forKey: .changedAt))
        delivery.attempts = try values.decode(Int.self, forKey: .attempts)
        delivery.deliveries = try values.decode(Int.self, forKey: .deliveries)
        delivery.hostDeaths = try values.decodeIfPresent(Int.self, forKey: .hostDeaths) ?? 0
        delivery.lastError = try values.decodeIfPresent(String.self, forKey: .lastError)
        category = try values.decode(MessageBody.Category.self, forKey: .category)
        text = try values.decode(String.self, forKey: .text)
        fromLabel = try values.decode(String.self, forKey: .fromLabel)
        toLabel = try values.decode(String.self, forKey: .toLabel)
        taskDescription = try values.decodeIfPresent(String.self, forKey: .taskDescription)
    }
}

extension OpenTown {
    /// Views with names, and with the descriptions of the tasks that assignments speak of.
    func views(of deliveries: [Delivery]) async throws -> [MessageView] {
        if deliveries.isEmpty { return [] }
        let labels = try await labels()
        var views: [MessageView] = []
        for delivery in deliveries {
            var description: String?
            if case .taskAssign(let id) = delivery.message.body {
                description = try await store.task(id)?.description
            }
            views.append(MessageView(delivery, labels: labels, taskDescription: description))
        }
        return views
    }
}
