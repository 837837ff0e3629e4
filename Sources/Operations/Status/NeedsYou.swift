public import Model

/// What waits for the person in charge: messages in the supervisor's mailbox that ask for something. A message that only
/// informs needs nobody.
public struct NeedsYou: Codable, Sendable, Equatable {
    public var count: Int
    /// The first of them, in the order in which `tt inbox` shows them.
    public var things: [Need]

    /// At most so many are listed.
    public static let most = 10

    public init(count: Int = 0, things: [Need] = []) {
        self.count = count
        self.things = things
    }
}

/// One thing that needs the person in charge.
public struct Need: Codable, Sendable, Equatable {
    /// The message that says so.
    public var id: MessageID
    /// Its first line.
    public var text: String
    /// Who sent it, for people.
    public var from: String
    /// The task that it speaks of.
    @OrNull public var task: TaskID?
    /// The agent that is paused or waits by itself, or for which mail waits although it has ended.
    @OrNull public var agent: AgentID?
    /// The dead letter.
    @OrNull public var letter: MessageID?
    public var since: Timestamp

    // The names that messages have.
    enum CodingKeys: String, CodingKey {
        case id, text
        case from = "from_label"
        case task = "task_id"
        case since = "created_at"
    }

    public init(_ view: MessageView) {
        id = view.message.id
        text = view.text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        from = view.fromLabel
        task = view.message.body.task
        switch PersonalNeed(view.message) {
        case .task(let id)?: task = id
        case .agent(let id)?, .waiting(let id)?: agent = id
        case .letter(let id)?: letter = id
        case .root, nil: break
        }
        since = view.message.createdAt
    }
}

extension OpenTown {
    /// - Parameter waiting: what waits for each agent, as `Store.waitingCounts` says.
    func needsYou(_ waiting: [AgentID: [String: Int]]) async throws -> NeedsYou {
        let pending = try await pending(of: .supervisor, waiting)
        let count = pending.task + pending.query
        guard count > 0 else { return NeedsYou() }
        let first = try await store.inbox(.supervisor, page: Page(limit: 200)).filter(\.message.body.wakes)
        return NeedsYou(
            count: count, things: try await views(of: Array(first.prefix(NeedsYou.most))).map(Need.init))
    }
}
