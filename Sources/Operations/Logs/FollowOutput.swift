import Configuration
import Files
import Model

/// What an agent's CLI prints in a turn, as it comes: the raw output, with secrets masked. The latest turns are kept, on the
/// machine where they ran.
public struct FollowOutput: Feed {
    public static let spec = FeedSpec(
        "turn.follow_output", "Follow what a turn's program prints", .read,
        route: .get("/v1/agents/{agent}/output/stream"))

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String
        /// Counted from 1; nil means the present turn, or the last one.
        public var turn: Int?
        public var lines: Int?

        public init(agent: String, turn: Int? = nil, lines: Int? = nil) {
            self.agent = agent
            self.turn = turn
            self.lines = lines
        }
    }

    public static func open(
        _ input: Input, in town: OpenTown
    ) async throws -> AsyncThrowingStream<FollowLog.Item, any Error> {
        let agent = try await town.agent(input.agent)
        let isBusy = try await town.store.leases().contains { $0.token.agent == agent.id }
        let number = input.turn ?? max(1, agent.turnsCompleted + (isBusy ? 1 : 0))
        let file = TownFiles(root: town.root).output(agent: agent.name, turn: number)
        guard input.turn == nil || number > agent.turnsCompleted || file.exists else {
            throw OperationError(
                .notFound, "the output of turn \(number) of '\(agent.name)' is not kept here",
                .operation("agent.log", ["agent": agent.name], why: "read the agent's log"))
        }
        return try FollowLog.open(file, lines: input.lines ?? TownLog.bounds.upperBound)
    }
}

extension FollowOutput.Input: Described {
    public static let fields =
        [
            Field("agent", "the agent's name, nickname, label or id", .agent),
            Field(
                "turn", "which turn of the agent, counted from 1; the present or last one if omitted", in: Bounds.turns
            ) {
                $0.turn
            },
            Field("lines", "how many of the last lines; all if omitted", in: TownLog.bounds) { $0.lines },
        ] as [Field<Self>]
}
