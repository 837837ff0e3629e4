import Model

/// What some turns used together, as their CLIs report it.
public struct SpentView: Codable, Sendable, Equatable {
    public var turns = 0
    /// Those of them that failed.
    public var failed = 0
    /// All of the input, also what was read from a cache or written to one.
    public var inputTokens = 0
    public var outputTokens = 0
    /// The part of the input that was read from a cache.
    public var cachedInputTokens = 0
    /// The part of the input that was written to a cache, as far as CLIs report it.
    public var cacheWriteTokens = 0
    /// US dollars, of the turns whose CLI reports money; null where none does.
    @OrNull public var costUSD: Double?
    /// Turns whose CLI reports no money: what they cost is not in `cost_usd`.
    public var unpriced = 0
    /// Turns whose CLI reports no tokens either.
    public var unmetered = 0
    /// How long the turns took together.
    public var seconds = 0.0

    enum CodingKeys: String, CodingKey {
        case turns, failed, unpriced, unmetered, seconds
        case inputTokens = "input_tokens"
        case outputTokens = "output_tokens"
        case cachedInputTokens = "cached_input_tokens"
        case cacheWriteTokens = "cache_write_tokens"
        case costUSD = "cost_usd"
    }

    public init() {}

    /// Tokens in both directions.
    public var tokens: Int { Figure.sum(inputTokens, outputTokens, in: Figure.tokens) }

    /// Adds one turn.
    mutating func add(_ turn: TurnDetail) {
        turns += 1
        if turn.failure != nil { failed += 1 }
        seconds += turn.duration.inSeconds
        let usage = turn.usage
        inputTokens = Figure.sum(inputTokens, usage?.inputTokens ?? 0, in: Figure.tokens)
        outputTokens = Figure.sum(outputTokens, usage?.outputTokens ?? 0, in: Figure.tokens)
        cachedInputTokens = Figure.sum(cachedInputTokens, usage?.cachedInputTokens ?? 0, in: Figure.tokens)
        cacheWriteTokens = Figure.sum(cacheWriteTokens, usage?.cacheWriteTokens ?? 0, in: Figure.tokens)
        if let cost = usage?.cost { costUSD = (Money(dollars: costUSD ?? 0) + cost).dollars } else { unpriced += 1 }
        if (usage?.inputTokens ?? 0) == 0, (usage?.outputTokens ?? 0) == 0 { unmetered += 1 }
    }

    /// What lists are sorted by: money first, then tokens, then turns.
    var weight: (Double, Int, Int) { (costUSD ?? 0, tokens, turns) }
}
