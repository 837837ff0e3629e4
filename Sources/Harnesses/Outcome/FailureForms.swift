import Model

/// The forms of the errors that agent CLIs and services print.
///
/// A form is a sentence that *is* an error, and it counts only where errors stand: at the beginning of a line, or behind
/// what marks a line as an error. Numbers count as statuses in the forms in which statuses are written, so that the 401
/// of "line 401" is none.
struct FailureForm: Sendable {
    var kind: FailureClass
    /// How a sentence begins that is this error, and what has to follow within a few words.
    var opens: [(String, String?)]
    /// What says the same anywhere in a text that is an error for another reason.
    var says: [PhraseMatcher.Pattern]

    // What is more specific stands before what is less.
    static let all: [FailureForm] = [
        FailureForm(
            kind: .sessionLost,
            opens: [("no conversation found", nil), ("session not found", nil), ("no rollout found", nil)],
            says: [
                .phrase("no conversation found with session id"),
                .near("tool_use", "without `tool_result`", within: 40),
                .near("tool_use", "without tool_result", within: 40),
                .near("tool_use", "without \"tool_result\"", within: 40),
                .near("tool_result", "tool_use_id", within: 60), .phrase("no rollout found"),
                .near("no tool output found", "call", within: 20),
            ]),
        FailureForm(
            kind: .authentication,
            opens: [
                ("not logged in", nil), ("you are not logged in", nil), ("you are not currently logged in", nil),
                ("invalid", "api key"), ("invalid", "api-key"), ("invalid", "api_key"), ("invalid", "apikey"),
                ("incorrect api key", nil), ("no api key", nil), ("please run", "login"), ("please log in", nil),
                ("login required", nil), ("unauthorized", nil), ("authentication", "failed"),
                ("authentication", "required"), ("authentication error", nil), ("authentication_error", nil),
                ("failed to authenticate", nil), ("oauth", "expired"), ("oauth", "revoked"), ("token", "expired"),
                ("token has been revoked", nil), ("access token", "expired"),
                ("access token", "could not be refreshed"),
                ("session expired", nil), ("session has expired", nil), ("credentials", "expired"),
                ("invalid authentication credentials", nil), ("invalid credential", nil),
                ("missing environment variable", nil), ("could not resolve authentication", nil),
                ("no authentication information found", nil), ("please set an auth method", nil),
                ("authentication_failed", nil),
            ],
            says: [
                .near("invalid", "api key", within: 12), .near("invalid", "api-key", within: 12),
                .near("invalid", "api_key", within: 12), .near("invalid", "apikey", within: 12),
                .near("invalid", "authentication credentials", within: 4), .phrase("invalid credential"),
                .phrase("incorrect api key"), .phrase("not logged in"), .phrase("not currently logged in"),
                .near("please run ", "login", within: 10), .phrase("unauthorized"),
                .near("authentication", "failed", within: 12), .near("authentication", "required", within: 12),
                .near("authentication", "error", within: 12), .near("oauth", "expired", within: 24),
                .near("token", "expired", within: 20), .phrase("could not be refreshed"),
                .phrase("missing environment variable"), .phrase("no api key"),
            ]),
        FailureForm(
            kind: .quota,
            opens: [
                ("you've hit your", "limit"), ("you have hit your", "limit"), ("you've reached your", "limit"),
                ("you have reached your", "limit"), ("you have exceeded your", "usage"),
                ("sorry, you have exceeded", "usage"),
                ("you have exceeded your", "quota"), ("you have exceeded your", "allowance"),
                ("you've used up your", nil), ("you exceeded your current quota", nil), ("spending cap reached", nil),
                ("spending limit reached", nil), ("you have no quota", nil), ("you're out of", "usage"),
                ("quota exceeded", nil), ("insufficient quota", nil), ("insufficient_quota", nil),
                ("insufficientquota", nil), ("credit balance is too low", nil), ("payment required", nil),
                ("out of credits", nil), ("usage limit", nil), ("usage_limit_reached", nil), ("billing_error", nil),
                ("insufficient credits", nil),
            ],
            says: [
                .phrase("insufficient quota"), .phrase("insufficient_quota"), .phrase("insufficientquota"),
                .phrase("exceeded your current quota"), .phrase("quota exceeded"), .phrase("quota_exceeded"),
                .phrase("credit balance"), .phrase("usage limit"), .phrase("usage_limit"), .phrase("session limit"),
                .phrase("weekly limit"), .phrase("spending cap"), .phrase("spending limit"), .phrase("billing_error"),
                .phrase("plan and billing"), .phrase("payment required"), .phrase("out of credits"),
                .phrase("you have no quota"), .near("hour limit", "reached", within: 4),
                .near("you've hit your", "limit", within: 20), .near("premium request", "allowance", within: 20),
            ]),
        FailureForm(
            kind: .contextOverflow,
            opens: [
                ("prompt is too long", nil), ("input is too long", nil), ("maximum context", nil),
                ("context length", "exceed"),
                ("context window", "exceed"), ("model", "has hit a token limit"),
            ],
            says: [
                .phrase("prompt is too long"), .near("context", "length", within: 10),
                .near("context", "window", within: 10), .phrase("maximum context"), .phrase("token limit"),
                .phrase("input is too long"), .phrase("exceed_context_size"), .phrase("input_too_large"),
            ]),
        FailureForm(
            kind: .configuration,
            opens: [
                ("unknown option", nil), ("unrecognized option", nil), ("unexpected argument", nil),
                ("unrecognized arguments", nil), ("unknown argument", nil), ("unknown model", nil), ("404", "model"),
                ("model", "not found"), ("model", "does not exist"),
            ],
            says: [
                .near("404", "model", within: 40), .near("model", "not found", within: 30),
                .near("model", "does not exist", within: 30), .phrase("unknown model"), .phrase("unknown option"),
                .phrase("unrecognized option"), .phrase("unexpected argument"), .phrase("unrecognized arguments"),
                .phrase("unknown argument"),
            ]),
        FailureForm(
            kind: .rateLimit,
            opens: [
                ("rate limit", "reached"), ("rate limit", "exceeded"), ("rate limit:", nil), ("rate limit;", nil),
                ("rate limit,", nil), ("rate limit error", nil), ("rate-limit", nil), ("rate_limit", nil),
                ("ratelimit", nil),
                ("too many requests", nil), ("sorry, you've hit a rate limit", nil), ("you've hit a rate limit", nil),
                ("exceeded retry limit", nil), ("overloaded", nil), ("service unavailable", nil),
                ("internal server error", nil), ("bad gateway", nil), ("resource has been exhausted", nil),
                ("resource exhausted", nil), ("resource_exhausted", nil), ("selected model is at capacity", nil),
                ("we're currently experiencing high demand", nil), ("no capacity available", nil),
            ],
            says: [
                .phrase("too many requests"), .near("rate limit", "reached", within: 4),
                .near("rate limit", "exceeded", within: 4), .near("hit ", "rate limit", within: 6),
                .phrase("rate limited"), .phrase("rate_limit"), .phrase("ratelimit"), .phrase("overloaded"),
                .phrase("at capacity"), .phrase("experiencing high demand"), .phrase("service unavailable"),
                .phrase("resource_exhausted"), .phrase("resource has been exhausted"), .phrase("resource exhausted"),
                .phrase("internal server error"), .phrase("exceeded retry limit"), .phrase("retry-after"),
                .phrase("retry after"),
            ]),
        FailureForm(
            kind: .network,
            opens: [
                ("connection refused", nil), ("connection reset", nil), ("connection error", nil),
                ("connection failed", nil), ("connection closed", nil), ("connect e", nil), ("connect: ", nil),
                ("could not resolve", nil), ("couldn't connect", nil), ("failed to connect", nil),
                ("error sending request", nil), ("request timed out", nil), ("stream disconnected", nil),
                ("getaddrinfo", nil), ("fetch failed", nil), ("network error", nil), ("network is unreachable", nil),
                ("temporary failure in name resolution", nil), ("read econnreset", nil), ("socket hang up", nil),
                ("unable to connect", nil),
            ],
            says: [
                .word("econnrefused"), .word("econnreset"), .word("etimedout"), .word("enotfound"),
                .word("eai_again"), .word("ehostunreach"), .word("enetunreach"), .phrase("connection refused"),
                .phrase("connection reset"), .phrase("connection error"), .phrase("connection failed"),
                .phrase("error sending request"), .phrase("request timed out"), .phrase("connection closed"),
                .phrase("could not resolve host"), .phrase("stream disconnected"), .phrase("waiting for network"),
                .phrase("fetch failed"), .phrase("network is unreachable"), .phrase("name resolution"),
            ]),
        FailureForm(
            kind: .refusal,
            opens: [
                ("blocked by content policy", nil), ("content filter", nil), ("content_filter", nil),
                ("content policy", nil),
                ("the model declined", nil),
            ],
            says: [
                .phrase("content filter"), .phrase("content_filter"), .phrase("contentfilter"),
                .phrase("content policy"), .phrase("content_policy"), .phrase("safeguards flagged"),
            ]),
    ]
}

/// A line as an error is written: what marks it taken away from its front.
struct ErrorLine {
    /// The text, in lower case and with straight apostrophes.
    private(set) var text: String
    /// Whether something before the text says that it is an error.
    private(set) var isMarked = false
    /// The class that the error's name says, where it has one: `anthropic.RateLimitError: …`.
    private(set) var named: FailureClass?

    init(_ line: some StringProtocol) {
        let plain = FailureText.plain(String(line)).replacing("’", by: "'")
        isMarked = plain.prefix(40).contains("ERROR ")
        text = plain.lowercased()
        for _ in 0..<6 {
            let before = text.utf8.count
            stripSigns()
            stripTime()
            stripPrefix()
            if text.utf8.count == before { break }
        }
        for article in ["the ", "your ", "a "] where text.hasPrefix(article) {
            text = String(text.dropFirst(article.count))
        }
    }

    /// The class by how the line begins; nil if it has no known form of an error.
    var opening: FailureClass? {
        if let status = FailureText.leadingStatus(text, isMarked: isMarked),
            let kind = FailureText.kind(ofStatus: status, text: text)
        {
            return kind
        }
        if let kind = reachedLimit { return kind }
        return FailureForm.all.first { form in
            form.opens.contains { start, rest in
                guard text.hasPrefix(start) else { return false }
                guard let rest else { return true }
                return text.dropFirst(start.count).prefix(60).contains(rest)
            }
        }?.kind
    }

    /// `5-hour limit reached ∙ resets 3pm`, `Claude AI usage limit reached|1760000000`.
    private var reachedLimit: FailureClass? {
        let words = text.split(maxSplits: 8, omittingEmptySubsequences: true) { $0 == " " || $0 == "|" }
        for (index, word) in words.prefix(6).enumerated() where index > 0 && (word == "limit" || word == "cap") {
            guard index + 1 < words.count, words[index + 1].hasPrefix("reached") else { continue }
            guard words[index - 1] != "rate" else { return .rateLimit }
            // Then nothing follows, or a sign, or when it ends.
            guard index + 2 < words.count, words[index + 1] == "reached" else { return .quota }
            let next = words[index + 2]
            let isSign = next.first.map { !$0.isLetter } ?? true
            return isSign || ["resets", "for", "try", "your", "please", "until"].contains(next) ? .quota : nil
        }
        return nil
    }

    /// Bullets, crosses, brackets and quotes.
    private mutating func stripSigns() {
        // `curl: (7) Failed to connect`
        if text.hasPrefix("("), let end = text.prefix(8).firstIndex(of: ")") {
            text = String(text[text.index(after: end)...])
        }
        text = String(text.drop { !$0.isLetter && !$0.isNumber && $0 != "/" && $0 != "(" })
        if text.hasPrefix("("), text.prefix(8).firstIndex(of: ")") == nil { text.removeFirst() }
    }

    /// `2026-01-02T03:04:05Z`, `03:04:05`.
    private mutating func stripTime() {
        let word = text.prefix { $0 != " " }
        guard word.utf8.count >= 8, word.first?.isNumber == true,
            word.contains(":") || word.filter({ $0 == "-" }).count == 2,
            word.unicodeScalars.allSatisfy({ "0123456789-:.,tz+]".unicodeScalars.contains($0) })
        else { return }
        text = String(text.dropFirst(word.count))
    }

    /// `error: `, `fatal: `, `anthropic.RateLimitError: `, `wrapper.sh: line 3: `.
    private mutating func stripPrefix() {
        for level in ["error ", "fatal "] where isMarked && text.hasPrefix(level) {
            text = String(text.dropFirst(level.count))
            return
        }
        for known in ["api error", "execution failed", "model call failed", "request failed"]
        where text.hasPrefix(known) {
            isMarked = true
            text = String(text.dropFirst(known.count))
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return }
        let word = text[..<colon]
        let rest = text[text.index(after: colon)...]
        guard word.utf8.count <= 48, rest.first == " ",
            word.split(separator: " ").count == 1 || (word.hasSuffix(" error") && word.split(separator: " ").count == 2)
        else { return }
        // A test that fails, or a mistake in a program, speaks of anything.
        if word.hasSuffix("error") || word.hasSuffix("exception") {
            let name = word.split(separator: ".").last ?? word
            if !Self.mistakes.contains(name) {
                isMarked = true
                // What was not found may be anything.
                if name != "notfounderror", name.utf8.count > 5 { named = named ?? FailureCode.kind(of: String(name)) }
            }
        } else if word == "fatal" || word == "panic" {
            isMarked = true
        } else if word.unicodeScalars.allSatisfy({ "0123456789".unicodeScalars.contains($0) }) {
            // A status in front, as in "404: model x".
            return
        }
        text = String(rest)
    }

    private static let mistakes: Set<Substring> = [
        "assertionerror", "valueerror", "keyerror", "typeerror", "nameerror", "attributeerror", "indexerror",
        "syntaxerror",
        "importerror", "modulenotfounderror", "zerodivisionerror", "runtimeerror", "referenceerror", "rangeerror",
        "notimplementederror", "permissionerror", "recursionerror", "unicodedecodeerror", "filenotfounderror",
        "oserror",
        "nullpointerexception", "illegalstateexception", "illegalargumentexception", "jsondecodeerror",
        "decode.jsondecodeerror", "lookuperror", "memoryerror", "stopiteration", "eoferror",
    ]
}

extension String {
    fileprivate func replacing(_ character: Character, by other: Character) -> String {
        contains(character) ? String(map { $0 == character ? other : $0 }) : self
    }
}
