public import Model

/// Puts a message into an agent's inbox.
public struct SendMessage: Operation {
    public static let spec = OperationSpec(
        "message.send", "Send a message to an agent", .write, route: .post("/v1/messages/send", status: 201),
        effect: .bringsWork, errors: [.agentNotFound, .tooLarge, .limit])

    /// What is sent; `task` where nothing is said.
    public enum Kind: String, Codable, Sendable, CaseIterable { case task, query, info, ack }

    public struct Input: Codable, Sendable, Equatable {
        public var to: String
        public var message: String
        /// A reference to the sender; nil means the agent in whose turn the caller runs, else the supervisor.
        public var from: String?
        public var kind: Kind?
        public var urgent: Bool?
        /// Two messages with one key are one message.
        public var key: String?
        /// The id of the message that this one answers.
        public var correlation: String?

        public init(
            to: String, message: String, from: String? = nil, kind: Kind? = nil, urgent: Bool? = nil,
            key: String? = nil, correlation: String? = nil
        ) {
            self.to = to
            self.message = message
            self.from = from
            self.kind = kind
            self.urgent = urgent
            self.key = key
            self.correlation = correlation
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var id: MessageID
        public var from: AgentID
        public var fromName: String
        public var to: AgentID
        public var toName: String
        public var type: String
        public var priority: Priority
        /// True where it had been sent before and nothing was added.
        public var duplicate: Bool
        /// Set where the hop limit made it a dead letter.
        @OrNull public var refusal: String?
        /// The recipient's state; nil for the supervisor's mailbox.
        @OrNull public var recipientState: AgentState?
        /// Why the recipient reads no mail, as a clause after its name; null for one that does.
        @OrNull public var standstill: String?
        /// The command that lets it go on.
        @OrNull public var continueWith: String?

        enum CodingKeys: String, CodingKey {
            case id, from, to, type, priority, duplicate, refusal, standstill
            case continueWith = "continue_with"
            case fromName = "from_name"
            case toName = "to_name"
            case recipientState = "recipient_state"
        }
    }

    public static func hasEffect(_ output: Output) -> Bool { output.recipientState?.isTerminal == false }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        guard input.message.contains(where: { !$0.isWhitespace }) else {
            throw OperationError(.invalid, "the message is empty")
        }
        var correlation: MessageID?
        if let text = input.correlation {
            guard let id = MessageID(text) else {
                throw OperationError(.invalid, "'\(text)' is not the id of a message")
            }
            correlation = id
        }
        let to = try await town.party(input.to)
        let from = try await town.sender(input.from)
        let draft = Draft(
            body(input.kind, input.message), to: to.id, priority: input.urgent == true ? .urgent : .normal,
            correlation: correlation, key: input.key)
        guard let receipt = try await town.post([draft], from: from.id).first else {
            throw OperationError(.failed, "the store gave no receipt")
        }
        return Output(receipt, draft, from: from, to: to)
    }

    static func body(_ kind: Kind?, _ text: String) -> MessageBody {
        switch kind ?? .task {
        case .task: .task(description: text)
        case .query: .query(question: text)
        case .info: .informational(summary: text)
        case .ack: .confirmation(MessageBody.Acknowledgement(text: text))
        }
    }
}

extension SendMessage.Output {
    init(_ receipt: Receipt, _ draft: Draft, from: Party, to: Party) {
        let recipient: Agent? = if case .agent(let agent) = to { agent } else { nil }
        self.init(
            id: receipt.id, from: from.id, fromName: from.name, to: to.id, toName: to.name, type: draft.body.type,
            priority: draft.priority, duplicate: receipt.isDuplicate, refusal: receipt.refusal,
            recipientState: recipient?.state, standstill: recipient?.standstill?.reason,
            continueWith: recipient?.standstill?.command)
    }
}

extension SendMessage.Input: Described {
    public static let fields =
        [
            Field("to", "who gets it: the name, nickname, label or id of an agent, or supervisor", .recipient),
            Field("message", "the text; it reaches the agent in full"),
            Field("from", "the sender; the agent in whose turn this is, or the supervisor, if omitted", .recipient),
            Field("kind", "what it is; a task if omitted"),
            Field("urgent", "deliver it before messages that are not urgent"),
            Field("key", "two messages with one key are one message"),
            Field("correlation", "the message that this one answers", .message),
        ] as [Field<Self>]
}
