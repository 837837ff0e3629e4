import Model

/// What waits for anybody: agents in the order in which they were registered, then the supervisor.
public struct ListInboxes: Operation {
    public static let spec = OperationSpec(
        "inbox.list_all", "Show the messages that wait for anybody", .read, route: .get("/v1/inboxes"))

    public struct Input: Codable, Sendable, Equatable {
        public var limit: Int?

        public init(limit: Int? = nil) { self.limit = limit }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// Those that hold something.
        public var inboxes: [ReadInbox.Output]
        /// Tasks and queries among the messages.
        public var actionable: Int
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let agents = try await ListAgents.run(.init(), in: town).agents
        let waiting = agents.filter { $0.pending.total > 0 || $0.lease != nil }.map(\.id.description)
        var output = Output(inboxes: [], actionable: 0)
        for reference in waiting + ["supervisor"] {
            let inbox = try await ReadInbox.run(.init(agent: reference, limit: input.limit), in: town)
            guard !inbox.messages.isEmpty else { continue }
            output.inboxes.append(inbox)
            output.actionable += inbox.messages.count {
                [.task, .query, .otherActionable].contains($0.category)
            }
        }
        return output
    }
}

extension ListInboxes.Input: Described {
    public static let fields =
        [
            Field("limit", "the most to list of each inbox; 1000 if omitted", in: Bounds.limit) { $0.limit }
        ] as [Field<Self>]
}
