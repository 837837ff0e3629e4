import Model

/// Puts one message into the inbox of every agent that has not ended, except the sender's: into all of them or none.
public struct Broadcast: Operation {
    public static let spec = OperationSpec(
        "message.broadcast", "Send a message to all agents", .write,
        route: .post("/v1/messages/broadcast", status: 201), effect: .bringsWork,
        errors: [.notFound, .tooLarge, .limit])

    /// Names that mean everybody where a recipient is named.
    public static let names: Set<String> = ["all", "everyone"]

    public struct Input: Codable, Sendable, Equatable {
        public var message: String
        public var from: String?
        public var kind: SendMessage.Kind?
        public var urgent: Bool?
        /// Repeating a broadcast with its key adds nothing.
        public var key: String?

        public init(
            message: String, from: String? = nil, kind: SendMessage.Kind? = nil, urgent: Bool? = nil,
            key: String? = nil
        ) {
            self.message = message
            self.from = from
            self.kind = kind
            self.urgent = urgent
            self.key = key
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// One for each recipient, in the order in which agents are listed.
        public var messages: [SendMessage.Output]
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        guard input.message.contains(where: { !$0.isWhitespace }) else {
            throw OperationError(.invalid, "the message is empty")
        }
        let from = try await town.sender(input.from)
        let recipients = try await town.store.agents().filter { !$0.state.isTerminal && $0.id != from.id }
        guard !recipients.isEmpty else {
            throw OperationError(
                .notFound, "there is nobody to send it to",
                .operation("agent.spawn", ["name": "NAME"], why: "add an agent with"))
        }
        let drafts = recipients.map { agent in
            Draft(
                SendMessage.body(input.kind, input.message), to: agent.id,
                priority: input.urgent == true ? .urgent : .normal, key: input.key.map { "\($0)-\(agent.id.short)" })
        }
        let receipts = try await town.post(drafts, from: from.id)
        return Output(
            messages: zip(receipts, zip(drafts, recipients)).map { receipt, sent in
                SendMessage.Output(receipt, sent.0, from: from, to: .agent(sent.1))
            })
    }
}

extension Broadcast.Input: Described {
    public static let fields =
        [
            Field("message", "the text; it reaches every agent in full"),
            Field("from", "the sender; the agent in whose turn this is, or the supervisor, if omitted", .recipient),
            Field("kind", "what it is; a task if omitted"),
            Field("urgent", "deliver it before messages that are not urgent"),
            Field("key", "two broadcasts with one key are one"),
        ] as [Field<Self>]
}
