/// What a turn said and used, as data: kept with the event that tells of its end, for as long as the event.
public struct TurnDetail: Sendable, Equatable {
    /// The CLI that ran it, as the agent names it.
    public var cli: String
    /// The model that the CLI named; nil where it names none.
    public var model: String?
    /// Tokens and money of this turn alone; nil where the CLI reports nothing.
    public var usage: Usage?
    /// Wall-clock time.
    public var duration: Duration
    /// Why it failed; nil where it ended well.
    public var failure: FailureClass?
    /// The failure in words, at most `longestReason` characters.
    public var reason: String?

    /// What the agent said at the end of the turn, at most `longestReply` characters; nil if it failed or said nothing.
    public var reply: String?

    /// Longer reasons are cut: the event's message has all of them.
    public static let longestReason = 300
    /// Longer replies are cut: the turn's log has all of them.
    public static let longestReply = 2000

    public init(
        cli: String, model: String? = nil, usage: Usage? = nil, duration: Duration, failure: FailureClass? = nil
    ) {
        self.cli = cli
        self.model = model
        self.usage = usage
        self.duration = duration
        self.failure = failure
    }
}

extension TurnDetail: Codable {
    private enum CodingKeys: String, CodingKey {
        case cli, model, seconds, failure, reason, reply
        case inputTokens = "input_tokens"
        case outputTokens = "output_tokens"
        case cachedInputTokens = "cached_input_tokens"
        case cacheWriteTokens = "cache_write_tokens"
        case cost = "cost_usd"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int? {
            try values.decodeIfPresent(Double.self, forKey: key).map { Figure.int($0, in: Figure.tokens) }
        }
        cli = try values.decodeIfPresent(String.self, forKey: .cli) ?? ""
        model = try values.decodeIfPresent(String.self, forKey: .model)
        failure = try values.decodeIfPresent(String.self, forKey: .failure).flatMap(FailureClass.init)
        reason = try values.decodeIfPresent(String.self, forKey: .reason)
        reply = try values.decodeIfPresent(String.self, forKey: .reply)
        duration = Duration(outsideSeconds: try values.decodeIfPresent(Double.self, forKey: .seconds) ?? 0)
        if let input = try count(.inputTokens) {
            usage = Usage(
                inputTokens: input, outputTokens: try count(.outputTokens) ?? 0,
                cachedInputTokens: try count(.cachedInputTokens) ?? 0,
                cacheWriteTokens: try count(.cacheWriteTokens),
                costUSD: try values.decodeIfPresent(Double.self, forKey: .cost))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(cli, forKey: .cli)
        try values.encodeIfPresent(model, forKey: .model)
        try values.encodeIfPresent(failure?.rawValue, forKey: .failure)
        try values.encodeIfPresent(reason, forKey: .reason)
        try values.encodeIfPresent(reply, forKey: .reply)
        try values.encode(duration.inSeconds, forKey: .seconds)
        guard let usage else { return }
        try values.encode(usage.inputTokens, forKey: .inputTokens)
        try values.encode(usage.outputTokens, forKey: .outputTokens)
        try values.encode(usage.cachedInputTokens, forKey: .cachedInputTokens)
        try values.encodeIfPresent(usage.cacheWriteTokens, forKey: .cacheWriteTokens)
        try values.encodeIfPresent(usage.costUSD, forKey: .cost)
    }
}
