import Model

/// Tells from an agent CLI's words why it failed, where it offers nothing better than words.
enum FailureText {
    /// The failure that `text` speaks of; nil where nothing in it is known.
    ///
    /// Lines are read from the end, because the last complaint is the one that ended the program.
    static func classify(_ text: String, now: Timestamp) -> Failure? {
        for line in text.split(omittingEmptySubsequences: true, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
            .reversed()
        {
            let matcher = PhraseMatcher(line)
            guard let (kind, _) = table.first(where: { matcher.containsAny($0.patterns) }) else { continue }
            var failure = Failure(kind, sentence(String(line)))
            if kind == .rateLimit || kind == .quota {
                failure.resetAt = RetryHint.delay(in: line).map { now + $0 }
            }
            return failure
        }
        return nil
    }

    /// The class of an HTTP status; nil for one that says nothing about the cause.
    static func kind(ofStatus status: Int) -> FailureClass? {
        switch status {
        case 401, 403: .authentication
        case 402: .quota
        case 404: .configuration
        case 413: .contextOverflow
        case 429: .rateLimit
        case 500...599: .rateLimit
        default: nil
        }
    }

    /// `text` without control characters, cut to a length that fits a line of a report.
    static func sentence(_ text: String, limit: Int = 400) -> String {
        var result = ""
        var lastWasSpace = true
        for scalar in plain(text).unicodeScalars {
            let isSpace = scalar.value <= 0x20 || scalar.value == 0x7F
            if isSpace && lastWasSpace { continue }
            result.unicodeScalars.append(isSpace ? " " : scalar)
            lastWasSpace = isSpace
            if result.unicodeScalars.count >= limit {
                return result + "…"
            }
        }
        if result.hasSuffix(" ") { result.removeLast() }
        return result
    }

    /// `text` without terminal escape sequences.
    static func plain(_ text: String) -> String {
        guard text.utf8.contains(0x1B) else { return text }
        var result = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            guard scalar.value == 0x1B else {
                result.append(scalar)
                continue
            }
            switch scalars.next() {
            case "[": while let next = scalars.next(), !(0x40...0x7E).contains(next.value) {}
            case "]": while let next = scalars.next(), next.value != 0x07, next.value != 0x1B {}
            default: break
            }
        }
        return String(result)
    }

    // Phrases before bare numbers, and what is more specific before what is less.
    private static let table: [(kind: FailureClass, patterns: [PhraseMatcher.Pattern])] = [
        (
            .authentication,
            [
                .near("invalid", "api key", within: 12), .near("invalid", "api-key", within: 12),
                .near("invalid", "api_key", within: 12), .near("invalid", "apikey", within: 12),
                .phrase("incorrect api key"), .phrase("not logged in"), .phrase("not currently logged in"),
                .near("please run ", "login", within: 10), .phrase("unauthorized"),
                .near("authentication", "failed", within: 12), .near("authentication", "required", within: 12),
                .near("authentication", "error", within: 12), .near("token", "expired", within: 20),
                .phrase("missing environment variable"), .phrase("no api key"),
            ]
        ),
        (
            .quota,
            [
                .phrase("insufficient quota"), .phrase("insufficient_quota"), .phrase("insufficientquota"),
                .phrase("exceeded your current quota"), .phrase("quota exceeded"), .phrase("credit balance"),
                .phrase("usage limit"), .word("billing"), .phrase("payment required"), .word("402"),
                .phrase("out of credits"),
            ]
        ),
        (
            .contextOverflow,
            [
                .phrase("prompt is too long"), .near("context", "length", within: 10),
                .near("context", "window", within: 10), .phrase("maximum context"), .phrase("token limit"),
                .phrase("input is too long"), .phrase("exceed_context_size"), .phrase("input_too_large"),
            ]
        ),
        (
            .configuration,
            [
                .near("404", "model", within: 40), .near("model", "not found", within: 30),
                .near("model", "does not exist", within: 30), .phrase("unknown model"), .phrase("unknown option"),
                .phrase("unrecognized option"), .phrase("unexpected argument"), .phrase("unrecognized arguments"),
                .phrase("unknown argument"),
            ]
        ),
        (.authentication, [.word("401"), .word("403")]),
        (
            .rateLimit,
            [
                .word("429"), .phrase("rate limit"), .phrase("rate-limit"), .phrase("rate_limit"),
                .phrase("ratelimit"), .phrase("too many requests"), .phrase("retry after"), .phrase("retry-after"),
                .word("529"), .word("500"), .word("502"), .word("503"), .word("504"), .phrase("overloaded"),
                .phrase("at capacity"), .phrase("high demand"), .phrase("service unavailable"),
            ]
        ),
        (
            .network,
            [
                .word("econnrefused"), .word("econnreset"), .word("etimedout"), .word("enotfound"),
                .word("eai_again"), .phrase("connection refused"), .phrase("connection reset"),
                .phrase("connection error"), .phrase("connection failed"),
                .phrase("error sending request"), .phrase("request timed out"), .phrase("connection closed"),
                .phrase("could not resolve"),
                .phrase("stream disconnected"), .phrase("waiting for network"),
            ]
        ),
        (
            .refusal,
            [
                .phrase("content filter"), .phrase("content_filter"), .phrase("contentfilter"),
                .phrase("content policy"), .phrase("content_policy"), .phrase("safeguards flagged"),
                .phrase("refusal"), .phrase("refused to"),
            ]
        ),
    ]
}

/// How long a service asks to wait, in the words of an error message.
enum RetryHint {
    /// The delay named in `text` ("retry after 20", "try again in 1.5s", "retry in 2 minutes"); nil where none is.
    static func delay(in text: some StringProtocol) -> Duration? {
        let matcher = PhraseMatcher(text)
        for phrase in ["retry after", "retry-after", "retry_after", "try again in", "retry in", "retrydelay"] {
            if let rest = matcher.text(after: phrase), let delay = leadingDuration(rest) { return delay }
        }
        return nil
    }

    private static func leadingDuration(_ text: String) -> Duration? {
        // Between the words and the number stand at most a colon, quotes and blanks.
        let rest = text.drop { " \":='".contains($0) }
        let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
        guard text.count - rest.count <= 5, let value = Double(number), value.isFinite, value <= 31_536_000 else {
            return nil
        }
        let unit = rest.dropFirst(number.count).drop { $0 == " " }.prefix { $0.isLetter }
        let seconds: Double
        switch unit {
        case "ms", "milliseconds", "millisecond": seconds = value / 1000
        case "m", "min", "mins", "minute", "minutes": seconds = value * 60  // fits: numbers with a point do not trap
        case "h", "hr", "hour", "hours": seconds = value * 3600  // fits: numbers with a point do not trap
        case "d", "day", "days": seconds = value * 86_400  // fits: numbers with a point do not trap
        default: seconds = value
        }
        return Duration(outsideSeconds: seconds)
    }
}
