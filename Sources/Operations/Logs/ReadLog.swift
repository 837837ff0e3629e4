import Configuration
import Files
import Model

/// The last lines of a log: what an agent's turns said, or what the host says of itself.
public struct ReadLog: Operation {
    public static let spec = OperationSpec(
        "agent.log", "Read the end of an agent's log", .read, route: .get("/v1/agents/{agent}/log"),
        errors: [.agentNotFound, .notFound])

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String
        public var lines: Int?

        public init(agent: String, lines: Int? = nil) {
            self.agent = agent
            self.lines = lines
        }
    }

    public struct Output: Codable, Sendable, Equatable {
        /// Absolute path.
        public var file: String
        /// Oldest first, without their line breaks.
        public var lines: [String]
        public var elsewhere: LogElsewhere?
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let log = try await TownLog(of: input.agent, in: town)
        return try read(log.file, lines: input.lines, agent: input.agent, elsewhere: log.elsewhere)
    }

    /// The host's log. The store is not needed for it, because it may be what is wrong.
    public static func host(root: String, lines: Int? = nil) throws -> Output {
        try read(TownFiles(root: root).hostLog, lines: lines, agent: TownLog.host)
    }

    private static func read(
        _ file: SafePath, lines: Int?, agent: String, elsewhere: LogElsewhere? = nil
    ) throws -> Output {
        let reader = LogReader(file)
        try reader.check()
        guard reader.exists else {
            throw OperationError(
                .notFound, "there is no log at \(file) yet",
                elsewhere?.remedy(agent: agent)
                    ?? .operation("agent.follow_log", ["agent": agent], why: "wait for the first turn"))
        }
        var parts = reader.tail(lines ?? TownLog.standardLines).split(separator: 10, omittingEmptySubsequences: false)
        // A line that has ended is followed by none.
        if parts.last?.isEmpty == true { parts.removeLast() }
        return Output(file: file.path, lines: parts.map { String(decoding: $0, as: UTF8.self) }, elsewhere: elsewhere)
    }
}

extension ReadLog.Input: Described {
    public static let fields =
        [
            Field("agent", "an agent, or `host` for the process that runs the agents", .agent),
            Field("lines", "how many of the last lines; \(TownLog.standardLines) if omitted", in: TownLog.bounds) {
                $0.lines
            },
        ] as [Field<Self>]
}
