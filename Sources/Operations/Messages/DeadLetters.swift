public import Model

extension OpenTown {
    /// The dead letter that `reference` means: a whole id, or its beginning from four digits on.
    func deadLetter(_ reference: String) async throws -> Delivery {
        let unknown = OperationError(
            .messageNotFound, "there is no dead letter '\(reference)'",
            .operation("dead_letter.list", why: "see all dead letters"))
        if let id = MessageID(reference) {
            guard let delivery = try await store.delivery(id), delivery.state == .dead else { throw unknown }
            return delivery
        }
        guard let prefix = IDPrefix(reference) else {
            throw OperationError(
                .invalid, "'\(reference)' is not the id of a message", hint: "give four or more digits of it")
        }
        let found = try await everything { try await store.deadLetters(page: $0) }
            .filter { prefix.fits($0.message.id) }
        guard let first = found.first else { throw unknown }
        guard found.count == 1 else {
            throw OperationError(
                .ambiguousReference, "several dead letters begin with \(reference)", hint: "give more digits")
        }
        return first
    }
}

/// Inspect, retry or drop messages that failed too often.
public struct ListDeadLetters: Operation {
    public static let spec = OperationSpec(
        "dead_letter.list", "List dead letters", .read, route: .get("/v1/dead-letters"))

    public struct Output: Codable, Sendable, Equatable {
        /// Newest first.
        public var messages: [MessageView]
    }

    public static func run(_ input: PageInput, in town: OpenTown) async throws -> Output {
        let page = Page(input.offset, input.limit, standard: 100)
        return Output(messages: try await town.views(of: try await town.store.deadLetters(page: page)))
    }
}

/// A reference to a dead letter.
public struct DeadLetterInput: Codable, Sendable, Equatable {
    public var id: String

    public init(id: String) { self.id = id }
}

/// One message, whole.
public struct MessageOutput: Codable, Sendable, Equatable {
    public var message: MessageView
}

public struct ShowDeadLetter: Operation {
    public static let spec = OperationSpec(
        "dead_letter.show", "Show a dead letter in full", .read, route: .get("/v1/dead-letters/{id}"),
        errors: [.messageNotFound])

    public static func run(_ input: DeadLetterInput, in town: OpenTown) async throws -> MessageOutput {
        MessageOutput(message: try await town.views(of: [try await town.deadLetter(input.id)])[0])
    }
}

/// Dead letters to put back or to forget: some, or all.
public struct DeadLettersInput: Codable, Sendable, Equatable {
    public var ids: [String]?
    public var all: Bool?
    /// New recipient (retry only). Defaults to the original one.
    public var to: String?

    public init(ids: [String]? = nil, all: Bool? = nil, to: String? = nil) {
        self.ids = ids
        self.all = all
        self.to = to
    }

    /// - Throws: `invalid` where neither or both are given; `notFound`, `conflict` for what is named.
    func letters(in town: OpenTown) async throws -> [Delivery] {
        guard (all == true) != !(ids ?? []).isEmpty else {
            throw OperationError(
                .invalid, "name dead letters, or ask for all of them", field: "ids",
                .operation("dead_letter.list", why: "see all dead letters"))
        }
        var letters: [Delivery] = []
        for id in ids ?? [] { letters.append(try await town.deadLetter(id)) }
        if all == true {
            letters = try await everything { try await town.store.deadLetters(page: $0) }
            letters.reverse()  // the oldest first, so that retried ones queue in their old order
        }
        return letters
    }
}

/// Which messages were changed.
public struct ChangedMessages: Codable, Sendable, Equatable {
    public var ids: [MessageID]
    /// Those of all that could not be changed, with the reason.
    public var skipped: [String]
}

extension DeadLettersInput {
    /// Does `verb` to each. Where all were asked for, one that cannot be changed does not hold up the others.
    func each(in town: OpenTown, _ verb: (MessageID) async throws -> Void) async throws -> ChangedMessages {
        var result = ChangedMessages(ids: [], skipped: [])
        for letter in try await letters(in: town) {
            do {
                try await verb(letter.message.id)
                result.ids.append(letter.message.id)
            } catch let error as StoreError
                where all == true && [.agentNotFound, .messageNotFound, .illegalMove].contains(error.code)
            {
                result.skipped.append("\(letter.message.id): \(error.message)")
            }
        }
        return result
    }
}

public struct RetryDeadLetters: Operation {
    public static let spec = OperationSpec(
        "dead_letter.retry", "Retry dead letters", .write, route: .post("/v1/dead-letters/retry"), effect: .bringsWork,
        errors: [.messageNotFound, .agentNotFound])

    public static func hasEffect(_ output: ChangedMessages) -> Bool { !output.ids.isEmpty }

    public static func run(_ input: DeadLettersInput, in town: OpenTown) async throws -> ChangedMessages {
        let target: AgentID? = if let to = input.to { try await town.party(to).id } else { nil }
        return try await input.each(in: town) {
            do throws(StoreError) {
                try await town.store.retryDead($0, to: target, now: town.time.now())
            } catch {
                guard error.code == .agentNotFound, target == nil, input.all != true else { throw error }
                throw OperationError(
                    .agentNotFound, "the agent of this message is not in the town any more",
                    .operation("dead_letter.retry", ["ids": "\($0)", "to": "NAME"], why: "give it to another one"))
            }
        }
    }
}

public struct DropDeadLetters: Operation {
    public static let spec = OperationSpec(
        "dead_letter.drop", "Delete dead letters", .write, route: .post("/v1/dead-letters/drop"), isDestructive: true,
        errors: [.messageNotFound])

    public static func run(_ input: DeadLettersInput, in town: OpenTown) async throws -> ChangedMessages {
        try await input.each(in: town) { try await town.store.dropDead($0, now: town.time.now()) }
    }
}

extension DeadLetterInput: Described {
    public static let fields =
        [
            Field("id", "its id, or the first digits", .deadLetter)
        ] as [Field<Self>]
}

extension DeadLettersInput: Described {
    public static let fields =
        [
            Field("ids", "their ids, or the first digits", .deadLetter),
            Field("all", "all dead letters"),
            Field("to", "into the inbox of this agent instead", .recipient),
        ] as [Field<Self>]
}
