import Model

/// Reads `claude --print --output-format stream-json --verbose`.
struct ClaudeTranscript: Transcript {
    var record: TurnRecord
    private let now: @Sendable () -> Timestamp
    /// Text blocks of the last message, in case that no result carries the text.
    private var lastMessage: (id: String, text: String) = ("", "")
    private var toolNames: [String: String] = [:]
    /// The classification of the last failure that came as an event of its own.
    private var complaint: FailureClass?
    private var resetAt: Timestamp?
    private var isRejected = false

    init(wanted: HarnessSession?, now: @escaping @Sendable () -> Timestamp) {
        record = TurnRecord(wanted: wanted)
        self.now = now
    }

    mutating func take(_ line: [UInt8]) -> [Observation] {
        guard let event = JSON(line), let type = event["type"]?.string else {
            record.keepStrange(line)
            return []
        }
        switch type {
        case "system": return takeSystem(event)
        case "assistant": return takeAssistant(event)
        case "user": return takeToolResults(event)
        case "result": return takeResult(event)
        case "rate_limit_event":
            let info = event["rate_limit_info"]
            if let seconds = info?["resetsAt"]?.number { resetAt = Timestamp(outsideSeconds: seconds) }
            isRejected = info?["status"]?.string == "rejected"
            return []
        default: return []
        }
    }

    private mutating func takeSystem(_ event: JSON) -> [Observation] {
        switch event["subtype"]?.string {
        case "init":
            var told = record.begin(session: event["session_id"]?.string ?? "", cli: "Claude")
            if record.terminal != nil { told.append(.working) }
            record.answer(model: event["model"]?.string)
            for server in event["mcp_servers"]?.array ?? [] where server["status"]?.string == "failed" {
                told.append(.event(.notice("The MCP server '\(server["name"]?.string ?? "?")' did not start.")))
            }
            return told
        case "api_retry":
            let attempt = event["attempt"]?.int ?? 0
            let most = event["max_retries"]?.int ?? 0
            let error = event["error"]?.string ?? "unknown"
            let kind = Self.kind(error: error, status: event["error_status"]?.int) ?? .network
            var failure = Failure(kind, "Claude's service does not answer as it should (\(error)).")
            if kind == .rateLimit, let delay = event["retry_delay_ms"]?.number {
                failure.resetAt = now() + Duration(outsideSeconds: delay / 1000)
            }
            return [.event(.notice("Claude retries (\(attempt) of \(most)): \(error).")), .retrying(failure)]
        case "permission_denied": return record.deny(event["tool_name"]?.string ?? "a tool")
        case "model_fallback":
            let model = event["fallback_model"]?.string ?? "another model"
            return [.event(.notice("Claude falls back to \(model)."))]
        case "compact_boundary": return [.event(.notice("Claude shortened its session to fit the model's window."))]
        default: return []
        }
    }

    private mutating func takeAssistant(_ event: JSON) -> [Observation] {
        let message = event["message"]
        if event["is_api_error_message"]?.bool == true || message?["model"]?.string == "<synthetic>" {
            complaint = Self.kind(error: event["error"]?.string ?? "", status: event["api_error_status"]?.int)
            return []
        }
        // A sub-agent's words are its caller's, not the agent's answer.
        let isAgent = event["parent_tool_use_id"] == nil
        if isAgent { record.answer(model: message?["model"]?.string) }
        var told: [Observation] = []
        for block in message?["content"]?.array ?? [] {
            switch block["type"]?.string {
            case "text" where isAgent:
                guard let text = block["text"]?.string, !text.isEmpty else { continue }
                let id = message?["id"]?.string ?? ""
                lastMessage = (id, id == lastMessage.id ? lastMessage.text + text : text)
                told.append(.event(.text(text)))
            case "tool_use":
                let name = block["name"]?.string ?? "?"
                if let id = block["id"]?.string { toolNames[id] = name }
                told.append(.event(.toolStarted(name: name, input: block["input"]?.text ?? "")))
            default: continue
            }
        }
        return told
    }

    private mutating func takeToolResults(_ event: JSON) -> [Observation] {
        (event["message"]?["content"]?.array ?? []).compactMap { block in
            guard block["type"]?.string == "tool_result" else { return nil }
            let name = block["tool_use_id"]?.string.flatMap { toolNames.removeValue(forKey: $0) } ?? "?"
            let content = block["content"]
            let output =
                content?.array?.compactMap { $0["text"]?.string }.joined(separator: "\n") ?? content?.text ?? ""
            return .event(
                .toolFinished(name: name, output: output, failed: block["is_error"]?.bool ?? false))
        }
    }

    private mutating func takeResult(_ event: JSON) -> [Observation] {
        var told: [Observation] = []
        let isMissing = (event["errors"]?.array ?? []).contains { ($0.string ?? "").hasPrefix("No conversation found") }
        if !isMissing { told += record.begin(session: event["session_id"]?.string ?? "", cli: "Claude") }
        for denial in event["permission_denials"]?.array ?? [] {
            told += record.deny(denial["tool_name"]?.string ?? "a tool")
        }
        takeUsage(event)
        if event["is_error"]?.bool == true {
            let failure = failure(of: event, isMissing: isMissing)
            record.terminal = .failed(failure)
        } else {
            record.reply = event["result"]?.string ?? lastMessage.text
            record.terminal = .succeeded
        }
        return told + [.ended]
    }

    // The figures under `modelUsage` and the money are the session's; `usage` is one result's.
    private mutating func takeUsage(_ event: JSON) {
        if let models = event["modelUsage"]?.object {
            let totals = Self.sum(models)
            let cost = totals.costUSD.map { event["total_cost_usd"]?.money ?? $0 }
            record.totals = totals.withoutCost + Usage(costUSD: cost)
        }
        if let models = event["model_usage_since_last_result"]?.object {
            record.spent = (record.spent ?? Usage()) + Self.sum(models)
        }
    }

    private static func sum(_ models: [String: JSON]) -> Usage {
        var sum = Usage(costUSD: 0)
        for model in models.values {
            // The price of a model that it does not know is a guess.
            let isGuess = model["costBasis"]?.string == "unknown"
            let cost = isGuess ? nil : sum.costUSD.map { $0 + (model["costUSD"]?.money ?? 0) }
            let cached = model["cacheReadInputTokens"]?.tokens ?? 0
            let part =
                Usage(
                    inputTokens: model["inputTokens"]?.tokens ?? 0, outputTokens: model["outputTokens"]?.tokens ?? 0,
                    cachedInputTokens: cached)
                + Usage(inputTokens: cached) + Usage(inputTokens: model["cacheCreationInputTokens"]?.tokens ?? 0)
            sum = sum.withoutCost + part + Usage(costUSD: cost)
        }
        return sum
    }

    private func failure(of event: JSON, isMissing: Bool) -> Failure {
        let text = event["result"]?.string ?? event["errors"]?.array?.first?.string ?? lastMessage.text
        let said = FailureText.sentence(text)
        if isMissing { return Failure(.sessionLost, said) }
        switch (event["terminal_reason"]?.string, event["stop_reason"]?.string) {
        case ("prompt_too_long", _), ("blocking_limit", _), ("image_error", _): return Failure(.contextOverflow, said)
        case ("max_turns", _): return Failure(.unusableOutput, "Claude reached its limit of steps before it was done.")
        case ("budget_exhausted", _): return Failure(.unusableOutput, "Claude reached its limit of money for a run.")
        case ("aborted_streaming", _), ("aborted_tools", _): return Failure(.crash, "Claude was interrupted.")
        case (_, "refusal"): return Failure(.refusal, said.isEmpty ? "The model declined." : said)
        default: break
        }
        if isRejected { return Failure(.quota, said, resetAt: resetAt) }
        let status = event["api_error_status"]?.int
        if event["api_error"]?.string == "connection_failed" { return Failure(.network, said) }
        let spoken = FailureText.classify(text, now: now())
        let matcher = PhraseMatcher(text)
        // It counts a service that never answered among the server's errors.
        if status == nil, spoken?.kind == .network { return Failure(.network, said) }
        if matcher.contains(.near("output token", "maximum", within: 12)) { return Failure(.unusableOutput, said) }
        if matcher.contains(.near("empty or malformed", "response", within: 4)) { return Failure(.network, said) }
        let kind = complaint ?? status.flatMap(FailureText.kind(ofStatus:)) ?? spoken?.kind
        switch kind {
        case .some(let kind):
            let isContext = spoken?.kind == .contextOverflow
            let resetAt = kind == .rateLimit || kind == .quota ? spoken?.resetAt : nil
            return Failure(isContext ? .contextOverflow : kind, said, resetAt: resetAt)
        // A prompt that the service rejects stays in the session, so that every later turn would be rejected as well.
        case nil where status == 400 && record.wanted != nil: return Failure(.sessionLost, said)
        case nil where status != nil: return Failure(.unusableOutput, said)
        case nil: return Failure(.network, said)
        }
    }

    func failure(exit: ChildExit, errors: String) -> Failure? {
        let all = errors + "\n" + record.strangeText
        let matcher = PhraseMatcher(all)
        if matcher.contains(.phrase("cannot be used with root")) {
            return Failure(
                .configuration,
                "Claude refuses to skip its permission questions for root. Run the town as an ordinary user, or, in a "
                    + "container only, set IS_SANDBOX = \"1\" in the command's env, or allow single tools with "
                    + "--allowedTools in the command.")
        }
        if matcher.contains(.phrase("no conversation found")) {
            return Failure(.sessionLost, "Claude no longer has the session.")
        }
        return ExitVerdict.failure(program: "claude", exit: exit, errors: all, now: now())
    }

    private static func kind(error: String, status: Int?) -> FailureClass? {
        switch error {
        case "authentication_failed": .authentication
        case "billing_error": .quota
        case "rate_limit", "overloaded", "server_error": .rateLimit
        case "model_not_found": .configuration
        default: status.flatMap(FailureText.kind(ofStatus:))
        }
    }
}
