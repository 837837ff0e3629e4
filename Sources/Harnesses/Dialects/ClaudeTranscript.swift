import Model
import Text

/// Reads `claude --print --output-format stream-json --verbose`.
struct ClaudeTranscript: Transcript {
    var record: RunRecord
    private let now: @Sendable () -> Timestamp
    /// Text blocks of the last message, in case that no result carries the text.
    private var lastMessage: (id: String, text: String) = ("", "")
    private var toolNames: [String: String] = [:]
    /// The last failure that came as an event of its own, unless the agent went on after it.
    private var complaint: Complaint?
    private var resetAt: Timestamp?
    private var isRejected = false

    private struct Complaint {
        var kind: FailureClass?
        var text: String
    }

    init(wanted: HarnessSession?, now: @escaping @Sendable () -> Timestamp) {
        record = RunRecord(wanted: wanted)
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
            isRejected = info?["status"]?.string == "rejected"
            if let time = ResetTime.time(in: info?["resetsAt"] ?? info?["resets_at"], now: now()) { resetAt = time }
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
        let isError = event["is_api_error_message"]?.bool ?? event["isApiErrorMessage"]?.bool ?? (event["error"] != nil)
        if isError || message?["model"]?.string == "<synthetic>" {
            let blocks = message?["content"]?.array ?? []
            let text = blocks.compactMap { $0["text"]?.string }.joined(separator: "\n")
            // What it puts in of its own is not always an error: "No response requested."
            guard isError || FailureText.whole(text, now: now()) != nil else { return [] }
            complaint = Complaint(
                kind: Self.kind(error: event["error"]?.string ?? "", status: event["api_error_status"]?.int), text: text
            )
            return []
        }
        complaint = nil
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
                record.usedTools = true
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
        } else if let complaint {
            // It says that all went well, but its last word is that of its service.
            var event = event.object ?? [:]
            if event["result"]?.string ?? "" == "" { event["result"] = .string(complaint.text) }
            record.terminal = .failed(failure(of: .object(event), isMissing: false))
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
            let cost = totals.cost.map { event["total_cost_usd"]?.money ?? $0 }
            record.totals = totals.withoutCost + Usage(cost: cost)
        }
        if let models = event["model_usage_since_last_result"]?.object {
            record.spent = (record.spent ?? Usage()) + Self.sum(models)
        }
    }

    private static func sum(_ models: [String: JSON]) -> Usage {
        var sum = Usage(cost: .zero)
        for model in models.values {
            // The price of a model that it does not know is a guess.
            let isGuess = model["costBasis"]?.string == "unknown"
            let cost = isGuess ? nil : sum.cost.map { $0 + (model["costUSD"]?.money ?? .zero) }
            let cached = model["cacheReadInputTokens"]?.tokens ?? 0
            let written = model["cacheCreationInputTokens"]?.tokens
            // Here the new part of the input comes without what was read from a cache and what was written to one.
            let part =
                Usage(
                    inputTokens: model["inputTokens"]?.tokens ?? 0, outputTokens: model["outputTokens"]?.tokens ?? 0,
                    cachedInputTokens: cached, cacheWriteTokens: written)
                + Usage(inputTokens: cached) + Usage(inputTokens: written ?? 0)
            sum = sum.withoutCost + part + Usage(cost: cost)
        }
        return sum
    }

    private func failure(of event: JSON, isMissing: Bool) -> Failure {
        let errors = (event["errors"]?.array ?? []).compactMap(\.string)
        let text = event["result"]?.string ?? (errors.isEmpty ? complaint?.text ?? "" : errors.joined(separator: "\n"))
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
        let spoken = FailureText.classify(text, now: now())
        if isRejected { return Failure(.quota, said, resetAt: resetAt ?? spoken?.resetAt) }
        if event["api_error"]?.string == "connection_failed" { return Failure(.network, said) }
        let status = event["api_error_status"]?.int
        // It counts a service that never answered among the server's errors.
        if status == nil, spoken?.kind == .network { return Failure(.network, said) }
        let matcher = PhraseMatcher(text)
        if matcher.contains(.near("output token", "maximum", within: 12)) { return Failure(.unusableOutput, said) }
        if matcher.contains(.near("empty or malformed", "response", within: 4)) { return Failure(.network, said) }
        let field =
            complaint?.kind ?? FailureCode.kind(of: event["api_error_type"]?.string)
            ?? FailureCode.kind(ofStatus: status)
        if let kind = field.map({ FailureText.override($0, text) }) ?? spoken?.kind {
            return Failure(kind, said, resetAt: kind == .rateLimit || kind == .quota ? spoken?.resetAt ?? resetAt : nil)
        }
        // A prompt that the service rejects stays in the session, so that every later turn would be rejected as well; and
        // a run that fails without a word would do so again.
        let isContinued = record.wanted != nil
        switch status {
        case nil where isContinued && event["subtype"]?.string == "error_during_execution":
            return Failure(
                .sessionLost, said.isEmpty ? "Claude could not go on with its session, and did not say why." : said)
        case nil: return Failure(.crash, said.isEmpty ? "Claude's turn failed without a reason." : said)
        case 400 where isContinued: return Failure(.sessionLost, said)
        default: return Failure(.unusableOutput, said)
        }
    }

    func failure(exit: ChildExit, errors: String) -> Failure? {
        let matcher = PhraseMatcher(errors + "\n" + record.strangeText)
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
        if let complaint, let kind = complaint.kind ?? FailureText.classify(complaint.text, now: now())?.kind {
            return Failure(
                kind, FailureText.sentence(complaint.text), resetAt: ResetTime.read(complaint.text, now: now()))
        }
        return ExitVerdict.failure(
            program: "claude", exit: exit, errors: errors, output: record.strangeText, now: now())
    }

    private static func kind(error: String, status: Int?) -> FailureClass? {
        switch error {
        case "authentication_failed": .authentication
        case "billing_error": .quota
        case "rate_limit", "overloaded", "server_error": .rateLimit
        case "model_not_found": .configuration
        default: FailureCode.kind(of: error) ?? FailureCode.kind(ofStatus: status)
        }
    }
}
