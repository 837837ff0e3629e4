import Model

/// Reads the line that aider prints after each answer of its model:
/// `Tokens: 10k sent, 3k cache hit, 1.2k received. Cost: $0.01 message, $0.02 session.`
///
/// An answer may quote such a line, or make one up. So only a whole line of exactly this form counts, outside a fenced
/// block; and an earlier one counts only if the money of the session goes on from it, as aider's own lines do. What aider
/// says last is its own, so that a quoted line before it is forgotten.
struct AiderSummaries: Sendable, Equatable {
    private var spent = Usage()
    private var session: Money?
    private var isFenced = false

    /// One line of the output.
    /// - Returns: what the run has used so far, if the line is a summary.
    mutating func take(_ line: String) -> Usage? {
        if line.hasPrefix("```") || line.hasPrefix("~~~") { isFenced.toggle() }
        guard !isFenced, let summary = Self.summary(line) else { return nil }
        // Both sums are rounded to cents.
        let goesOn = session.flatMap { before in
            summary.session.map { session in
                let expected = before + (summary.usage.cost ?? .zero)
                return max(expected - session, session - expected).microdollars < 11_000
            }
        }
        spent = goesOn == true ? spent + summary.usage : summary.usage
        session = summary.session
        return spent
    }

    private static func summary(_ line: String) -> (usage: Usage, session: Money?)? {
        guard line.hasPrefix("Tokens: "), line.hasSuffix("."), line.utf8.count < 200 else { return nil }
        let halves = line.dropFirst(8).dropLast().split(separator: ". Cost: ", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        let parts = halves[0].split(separator: ", ", omittingEmptySubsequences: false)
        guard (2...4).contains(parts.count), let sent = tokens(parts[0], "sent"),
            let received = tokens(parts[parts.count - 1], "received"),
            parts.dropFirst().dropLast().allSatisfy({
                tokens($0, "cache hit") != nil || tokens($0, "cache write") != nil
            })
        else { return nil }
        func part(_ word: String) -> Int? {
            parts.dropFirst().dropLast().lazy.compactMap { tokens($0, word) }.first
        }
        // What was sent contains both. aider leaves out what is zero.
        let (cached, written) = (part("cache hit"), part("cache write"))
        let usage = Usage(
            inputTokens: sent, outputTokens: received, cachedInputTokens: cached ?? 0,
            cacheWriteTokens: written ?? (cached == nil ? nil : 0))
        guard halves.count == 2 else { return (usage, nil) }
        let costs = halves[1].split(separator: ", ", omittingEmptySubsequences: false)
        guard costs.count == 2, let cost = money(costs[0], "message"), let session = money(costs[1], "session") else {
            return nil
        }
        return (usage + Usage(cost: cost), session)
    }

    /// `1.2k sent`.
    private static func tokens(_ text: Substring, _ word: String) -> Int? {
        guard text.hasSuffix(" " + word) else { return nil }
        var digits = text.dropLast(word.count + 1)
        let scale: Double = digits.hasSuffix("k") ? 1000 : digits.hasSuffix("M") ? 1_000_000 : 1
        if scale > 1 { digits.removeLast() }
        return decimal(digits).map { Figure.int($0 * scale, in: Figure.tokens) }
    }

    /// `$0.01 message`.
    private static func money(_ text: Substring, _ word: String) -> Money? {
        guard text.hasPrefix("$"), text.hasSuffix(" " + word) else { return nil }
        return decimal(text.dropFirst().dropLast(word.count + 1)).map { Money(dollars: $0) }
    }

    private static func decimal(_ digits: Substring) -> Double? {
        let plain = digits.filter { $0 != "," }
        guard let first = plain.utf8.first, (48...57).contains(first),
            plain.utf8.allSatisfy({ (48...57).contains($0) || $0 == 0x2E })
        else { return nil }
        return Double(plain)
    }
}
