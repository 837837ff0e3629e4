import Model

/// Tells from an agent CLI's words why it failed, where it offers nothing better than words.
///
/// What a program prints is mostly not an error, and speaks of anything. So there are three questions, from the most
/// trusting to the strictest: what kind of error a message is (`classify`), whether an error stands at the end of an
/// output (`find`), and whether a whole answer is an error (`whole`).
enum FailureText {
    /// The failure that `text` describes, which is known to be an error's message; nil where nothing in it is known.
    ///
    /// Lines are read from the end, because the last complaint is the one that ended the program.
    static func classify(_ text: String, now: Timestamp) -> Failure? {
        if let failure = ofBody(text, now: now) { return failure }
        for line in evidence(in: text).reversed() {
            guard let kind = kind(ofError: String(line)) else { continue }
            return failure(kind, line, resetIn: text, now: now)
        }
        return nil
    }

    /// The failure with which a program ended that printed `output`: an error of a known form among its last lines.
    static func find(in output: String, now: Timestamp, lines count: Int = 12) -> Failure? {
        let lines = evidence(in: output).suffix(count)
        for index in lines.indices.reversed() {
            let line = ErrorLine(lines[index])
            // Bodies, and what says when it ends, may go on in further lines.
            let rest = lines[index...].joined(separator: "\n")
            if let kind = line.opening { return refined(kind, line: lines[index], rest: rest, now: now) }
            if line.isMarked || lines[index].utf8.first == UInt8(ascii: "{") {
                if let failure = ofBody(rest, now: now) { return failure }
            }
            guard line.isMarked, let kind = line.named ?? kind(ofError: String(lines[index])) else { continue }
            return failure(kind, lines[index], resetIn: rest, now: now)
        }
        return nil
    }

    /// The failure that an answer is: one that begins with an error and is not much longer.
    static func whole(_ answer: String, now: Timestamp) -> Failure? {
        guard answer.utf8.count <= 1000 else { return nil }
        let lines = evidence(in: answer)
        guard let first = lines.first, lines.count <= 4 else { return nil }
        let line = ErrorLine(first)
        if let kind = line.opening, [.authentication, .quota, .rateLimit].contains(kind) {
            return refined(kind, line: first, rest: answer, now: now)
        }
        return line.text.hasPrefix("{") || PhraseMatcher(first).contains(.phrase("api error: ")) && line.isMarked
            ? classify(answer, now: now) : nil
    }

    // MARK: Parts

    /// The class of a text that is an error; nil where nothing in it is known.
    static func kind(ofError text: String) -> FailureClass? {
        let line = ErrorLine(text)
        if let kind = line.named ?? line.opening { return override(kind, text) }
        let matcher = PhraseMatcher(text)
        func said(_ kinds: Set<FailureClass>) -> FailureClass? {
            FailureForm.all.first { kinds.contains($0.kind) && matcher.containsAny($0.says) }?.kind
        }
        return said([.sessionLost, .authentication, .quota, .contextOverflow, .configuration])
            ?? status(in: text).flatMap { kind(ofStatus: $0, text: text) } ?? said([.rateLimit, .network, .refusal])
    }

    /// Statuses and codes are coarse: the words beside them may say more.
    static func override(_ kind: FailureClass, _ text: String) -> FailureClass {
        let matcher = PhraseMatcher(text)
        for form in FailureForm.all where matcher.containsAny(form.says) {
            switch form.kind {
            case .sessionLost, .contextOverflow: return form.kind
            case .quota where kind == .rateLimit || kind == .authentication: return .quota
            default: continue
            }
        }
        return kind
    }

    /// The class of an HTTP status in a text. That something was not found may mean anything.
    static func kind(ofStatus status: Int, text: String) -> FailureClass? {
        if status == 404, !PhraseMatcher(text).contains(.phrase("model")) { return nil }
        return FailureCode.kind(ofStatus: status)
    }

    /// The failure that the JSON body in `text` describes.
    private static func ofBody(_ text: String, now: Timestamp) -> Failure? {
        guard let body = FailureCode.body(in: text) else { return nil }
        let words = (body.message ?? "") + " " + body.codes.joined(separator: " ")
        guard let kind = body.kind.map({ override($0, words) }) ?? body.message.flatMap(kind(ofError:)) else {
            return nil
        }
        var failure = Failure(kind, sentence(text))
        failure.resetAt = kind.waits ? body.resetAt(now: now) ?? ResetTime.read(text, now: now) : nil
        return failure
    }

    private static func refined(_ kind: FailureClass, line: Substring, rest: String, now: Timestamp) -> Failure {
        if let body = FailureCode.body(in: rest)?.kind {
            return failure(override(body, rest), line, resetIn: rest, now: now)
        }
        return failure(override(kind, String(line)), line, resetIn: rest, now: now)
    }

    private static func failure(_ kind: FailureClass, _ line: Substring, resetIn text: String, now: Timestamp)
        -> Failure
    {
        let resetAt = kind.waits ? ResetTime.read(line, now: now) ?? ResetTime.read(text, now: now) : nil
        return Failure(kind, sentence(String(line)), resetAt: resetAt)
    }

    /// The lines of `text` that may be errors: without the frames of stacks, whose numbers are those of lines, and whose
    /// words are those of a program.
    static func evidence(in text: String) -> [Substring] {
        var lines: [Substring] = []
        var isWithinFrames = false
        for line in text.split(omittingEmptySubsequences: true, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            let bare = line.drop { $0 == " " || $0 == "\t" }
            guard !bare.isEmpty else { continue }
            if bare.hasPrefix("Traceback (most recent call last)") {
                isWithinFrames = true
                continue
            }
            if isWithinFrames, line.first == " " || line.first == "\t" { continue }
            isWithinFrames = false
            if bare.hasPrefix("File \"") || (bare.hasPrefix("at ") && line.count > bare.count) { continue }
            lines.append(line)
        }
        return lines
    }

    // MARK: Statuses

    /// The HTTP status that `text` names in one of the forms in which statuses are written; nil where it names none.
    static func status(in text: String) -> Int? {
        let matcher = PhraseMatcher(text)
        for phrase in statusPhrases {
            if let rest = matcher.text(after: phrase), let status = leadingNumber(rest.drop { " :=\"(".contains($0) }) {
                return status
            }
        }
        let line = ErrorLine(text)
        return leadingStatus(line.text, isMarked: true)
    }

    private static let statusPhrases = [
        "last status", "unexpected status", "status code", "statuscode", "status_code", "error code", "api error",
        "http error",
        "got status", "status:", "rejected (", "\"status\"", "\"code\"", "http/1.1 ", "http/2 ", "http ", "status ",
        "failed with status",
    ]

    /// The status with which a sentence begins: `429 Too Many Requests`, `HTTP 401 from …`.
    static func leadingStatus(_ text: String, isMarked: Bool = false) -> Int? {
        let start = ["http ", "http/1.1 ", "http/2 "].first { text.hasPrefix($0) } ?? ""
        let rest = text.dropFirst(start.count)
        guard let status = leadingNumber(rest) else { return nil }
        if rest.count < text.count { return status }
        let words = rest.dropFirst(3).drop { " :-".contains($0) }
        if isMarked, !words.isEmpty { return status }
        return reasons.contains { words.hasPrefix($0) } || words.hasPrefix("model") ? status : nil
    }

    private static func leadingNumber(_ text: Substring) -> Int? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard digits.utf8.count == 3, let number = Int(digits), (400...599).contains(number) else { return nil }
        let next = text.dropFirst(3).first
        return next.map { !$0.isLetter && $0 != "_" && $0 != "." || $0 == "." && text.count == 4 } ?? true
            ? number : nil
    }

    private static let reasons = [
        "unauthorized", "forbidden", "payment required", "not found", "request timeout", "too many requests",
        "payload too large", "request entity too large", "internal server error", "bad gateway", "service unavailable",
        "gateway timeout", "gateway time-out", "overloaded", "rate limit",
    ]

    // MARK: For people

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
}

extension FailureClass {
    /// Whether the service will answer again by itself at some time.
    fileprivate var waits: Bool { self == .rateLimit || self == .quota }
}
