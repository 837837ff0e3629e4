/// A named worker: role, harness, state and counters.
public struct Agent: Sendable, Equatable, Codable {
    public var id: AgentID
    public var name: String
    public var nickname: String?
    public var role: String?
    public var parent: AgentID?
    public var kind: Kind
    public var state: AgentState
    /// The harness or configured command that runs its turns, as resolved when it was spawned.
    public var cli: String
    public var currentTask: TaskID?
    public var createdAt: Timestamp
    public var lastHeartbeat: Timestamp
    public var lastActiveAt: Timestamp
    public var tasksCompleted: Int
    public var turnsCompleted: Int
    /// Turns it may take after its last start; 0 means no limit.
    public var maxTurns: Int
    /// Turns taken since its last start.
    public var turnsSinceStart: Int
    /// The harness's pinned session, kept over turns and restarts.
    public var session: HarnessSession?
    /// No turn is started before this time (back-off after a failure, or a quota's reset).
    public var retryAt: Timestamp?
    /// Turns that failed in a row; the exponent of the back-off.
    public var consecutiveFailures: Int
    /// The most that a message of its last turn counts of turns whose host died; see `HostDeaths`.
    public var hostDeaths: Int
    /// What a person has to know or do, in one sentence; nil where nothing is amiss.
    public var attention: String?
    public var stopRequest: StopRequest?
    /// Only this host may run it while the host is alive (`tt spawn --foreground`).
    public var pinnedTo: HostID?

    /// Tinytown's `agent_type`.
    public enum Kind: String, Sendable, Codable, CaseIterable { case worker, lead = "supervisor" }

    /// A new agent in state `starting`.
    public init(id: AgentID, name: String, cli: String, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.cli = cli
        self.createdAt = createdAt
        kind = .worker
        state = .starting
        lastHeartbeat = createdAt
        lastActiveAt = createdAt
        tasksCompleted = 0
        turnsCompleted = 0
        maxTurns = 10
        turnsSinceStart = 0
        consecutiveFailures = 0
        hostDeaths = 0
    }

    /// The nickname that somebody gave; nil for one that this program once drew from the id.
    public var givenNickname: String? { nickname.flatMap { Nicknames.isDrawn($0, for: id) ? nil : $0 } }

    /// How lists, messages and errors call it: the name that was typed first, then what helps to know it again.
    /// `api`, `api (backend)`, `api "Dorothy" (backend)`. A role that repeats the name or says nothing is left out.
    public var label: String {
        var text = name
        if let nickname = givenNickname, nickname.lowercased() != name.lowercased() { text += " \"\(nickname)\"" }
        if let role, role != "default", role.lowercased() != name.lowercased() { text += " (\(role))" }
        return text
    }

    /// The label of Tinytown and of earlier versions, which commands still understand: `Dorothy [backend]`.
    var oldLabel: String {
        let role = role ?? "default"
        return "\(nickname ?? name) [\(role == "default" ? name : role)]"
    }

    /// Whether its back-off still holds. It began when the agent was last active; a clock that has gone back to before
    /// that makes the stored time meaningless, and the back-off is over.
    public func isBackingOff(at now: Timestamp) -> Bool {
        guard let retryAt else { return false }
        return retryAt > now && now >= lastActiveAt
    }

    /// True where its turns are used up.
    public var isOutOfRounds: Bool { maxTurns > 0 && turnsSinceStart >= maxTurns }
}

/// What an agent's harness needs to continue its session.
public struct HarnessSession: Sendable, Equatable, Codable {
    /// The id by which the harness resumes it.
    public var id: String
    /// The harness that made it: a session of one harness is never offered to another.
    public var harness: String
    /// Totals of the session as last reported, because the CLIs report cumulative figures.
    public var totals: Usage

    public init(id: String, harness: String, totals: Usage = Usage()) {
        self.id = id
        self.harness = harness
        self.totals = totals
    }
}

/// Tokens, always within `Figure.tokens`, and money, which is nil if the harness does not know it.
public struct Usage: Sendable, Equatable {
    /// All of the input: what was new, and what was read from a cache or written to one.
    public let inputTokens: Int
    public let outputTokens: Int
    /// The part of the input that was read from a cache.
    public let cachedInputTokens: Int
    /// The part of the input that was written to a cache; nil if the harness does not say.
    public let cacheWriteTokens: Int?
    public let cost: Money?

    public init(
        inputTokens: Int = 0, outputTokens: Int = 0, cachedInputTokens: Int = 0, cacheWriteTokens: Int? = nil,
        cost: Money? = nil
    ) {
        self.inputTokens = Figure.int(inputTokens, in: Figure.tokens)
        self.outputTokens = Figure.int(outputTokens, in: Figure.tokens)
        self.cachedInputTokens = Figure.int(cachedInputTokens, in: Figure.tokens)
        self.cacheWriteTokens = cacheWriteTokens.map { Figure.int($0, in: Figure.tokens) }
        self.cost = cost
    }

    /// - Parameter costUSD: US dollars, as a CLI reports them.
    public init(
        inputTokens: Int = 0, outputTokens: Int = 0, cachedInputTokens: Int = 0, cacheWriteTokens: Int? = nil,
        costUSD: Double?
    ) {
        self.init(
            inputTokens: inputTokens, outputTokens: outputTokens, cachedInputTokens: cachedInputTokens,
            cacheWriteTokens: cacheWriteTokens, cost: costUSD.map { Money(dollars: $0) })
    }

    /// The cost in US dollars.
    public var costUSD: Double? { cost?.dollars }

    /// What was used between two cumulative reports. A smaller total means a new session: then all of it is new.
    public func since(_ earlier: Usage) -> Usage {
        guard inputTokens >= earlier.inputTokens, outputTokens >= earlier.outputTokens,
            cost ?? .zero >= earlier.cost ?? .zero
        else { return self }
        // All of them are at least zero, so no difference is too small.
        return Usage(
            inputTokens: inputTokens - earlier.inputTokens, outputTokens: outputTokens - earlier.outputTokens,
            cachedInputTokens: max(0, cachedInputTokens - earlier.cachedInputTokens),
            cacheWriteTokens: written(since: earlier), cost: cost.map { $0 - (earlier.cost ?? .zero) })
    }

    // A session whose earlier report had input and did not say how much of it was written (as before the figure was
    // kept) has written an unknown part of what is written by now.
    private func written(since earlier: Usage) -> Int? {
        guard let cacheWriteTokens, let before = earlier.cacheWriteTokens ?? (earlier.inputTokens == 0 ? 0 : nil) else {
            return nil
        }
        return max(0, cacheWriteTokens - before)
    }

    /// The sum; what only one part knows is known.
    public static func + (left: Usage, right: Usage) -> Usage {
        Usage(
            inputTokens: left.inputTokens + right.inputTokens, outputTokens: left.outputTokens + right.outputTokens,
            cachedInputTokens: left.cachedInputTokens + right.cachedInputTokens,
            cacheWriteTokens: left.cacheWriteTokens.map { $0 + (right.cacheWriteTokens ?? 0) }
                ?? right.cacheWriteTokens,
            cost: left.cost.map { $0 + (right.cost ?? .zero) } ?? right.cost)
    }

    /// The same without the money.
    public var withoutCost: Usage {
        Usage(
            inputTokens: inputTokens, outputTokens: outputTokens, cachedInputTokens: cachedInputTokens,
            cacheWriteTokens: cacheWriteTokens)
    }
}

extension Usage: Codable {
    private enum CodingKeys: String, CodingKey {
        case inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, costUSD
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            inputTokens: try values.decode(Int.self, forKey: .inputTokens),
            outputTokens: try values.decode(Int.self, forKey: .outputTokens),
            cachedInputTokens: try values.decode(Int.self, forKey: .cachedInputTokens),
            cacheWriteTokens: try values.decodeIfPresent(Int.self, forKey: .cacheWriteTokens),
            costUSD: try values.decodeIfPresent(Double.self, forKey: .costUSD))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(inputTokens, forKey: .inputTokens)
        try values.encode(outputTokens, forKey: .outputTokens)
        try values.encode(cachedInputTokens, forKey: .cachedInputTokens)
        try values.encodeIfPresent(cacheWriteTokens, forKey: .cacheWriteTokens)
        try values.encodeIfPresent(costUSD, forKey: .costUSD)
    }
}
