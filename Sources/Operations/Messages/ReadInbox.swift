public import Model

/// What waits for an agent, without taking anything.
public struct ReadInbox: Operation {
    public static let spec = OperationSpec(
        "inbox.read", "Show the messages that wait for an agent", .read, aliases: ["agent.inbox"],
        route: .get("/v1/inbox"),
        errors: [.agentNotFound])

    public struct Input: Codable, Sendable, Equatable {
        /// A reference; nil means the supervisor's mailbox.
        public var agent: String?
        public var offset: Int?
        public var limit: Int?

        public init(agent: String? = nil, offset: Int? = nil, limit: Int? = nil) {
            self.agent = agent
            self.offset = offset
            self.limit = limit
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var agent: String
        public var agentID: AgentID
        /// In the order in which they will be read.
        public var messages: [MessageView]
        /// What a person has to know of the agent, with the command that lets it go on.
        @OrNull public var notice: String?

        enum CodingKeys: String, CodingKey {
            case agent, messages, notice
            case agentID = "agent_id"
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let party = if let agent = input.agent { try await town.party(agent) } else { Party.supervisor }
        let page = Page(input.offset, input.limit)
        let deliveries = try await town.store.inbox(party.id, page: page)
        var output = Output(agent: party.name, agentID: party.id, messages: try await town.views(of: deliveries))
        if case .agent(let agent) = party { output.notice = try await town.views(of: [agent])[0].notice }
        return output
    }
}

/// Takes messages out of the supervisor's mailbox (W23). Agents' inboxes are read by their turns alone.
public struct TakeInbox: Operation {
    public static let spec = OperationSpec(
        "inbox.take", "Take messages out of the supervisor's mailbox", .write, route: .post("/v1/inbox/take"),
        isDestructive: true, errors: [.conflict])

    public struct Input: Codable, Sendable, Equatable {
        /// Nil or a reference to the supervisor.
        public var agent: String?
        public var limit: Int?

        public init(agent: String? = nil, limit: Int? = nil) {
            self.agent = agent
            self.limit = limit
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> ReadInbox.Output {
        let party = if let agent = input.agent { try await town.party(agent) } else { Party.supervisor }
        guard party == .supervisor else {
            throw OperationError(
                .conflict, "only the supervisor's mailbox can be emptied: an agent reads its own inbox",
                .operation("inbox.read", ["agent": party.name], why: "look without taking"))
        }
        let taken = try await town.store.take(party.id, limit: max(1, input.limit ?? 1000), now: town.time.now())
        return ReadInbox.Output(agent: party.name, agentID: party.id, messages: try await town.views(of: taken))
    }
}

extension ReadInbox.Input: Described {
    public static let fields =
        [
            Field(
                "agent", "whose inbox; that of the agent in whose turn this is, or of the supervisor, if omitted",
                .recipient),
            Field("offset", "how many to leave out before them", in: Bounds.offset) { $0.offset },
            Field("limit", "the most to list; 1000 if omitted", in: Bounds.limit) { $0.limit },
        ] as [Field<Self>]
}

extension TakeInbox.Input: Described {
    public static let fields =
        [
            Field("agent", "whose inbox; the supervisor's if omitted", .recipient),
            Field("limit", "the most to take; 1000 if omitted", in: Bounds.limit) { $0.limit },
        ] as [Field<Self>]
}
