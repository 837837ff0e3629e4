import Model
import Text

/// Reads `codex exec --json`.
struct CodexTranscript: Transcript {
    var record: RunRecord
    private let now: @Sendable () -> Timestamp
    /// The last error that was no notice of a retry; a run that ends without a word of its own failed with it.
    private var lastError = ""

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
        case "thread.started": return record.begin(session: event["thread_id"]?.string ?? "", cli: "Codex")
        case "item.started": return started(event["item"])
        case "item.completed": return completed(event["item"])
        case "turn.completed":
            record.terminal = .succeeded
            if let usage = event["usage"] {
                record.totals = Usage(
                    inputTokens: usage["input_tokens"]?.tokens ?? 0, outputTokens: usage["output_tokens"]?.tokens ?? 0,
                    cachedInputTokens: usage["cached_input_tokens"]?.tokens ?? 0,
                    cacheWriteTokens: usage["cache_write_input_tokens"]?.tokens)
            }
            return [.ended]
        case "turn.failed":
            record.terminal = .failed(failure(message: event["error"]?["message"]?.string ?? ""))
            return [.ended]
        case "error":
            let message = event["message"]?.string ?? ""
            guard message.hasPrefix("Reconnecting") else {
                lastError = message
                return []
            }
            return [.event(.notice("Codex: \(FailureText.sentence(message))")), .retrying(failure(message: message))]
        default: return []
        }
    }

    private mutating func started(_ item: JSON?) -> [Observation] {
        guard let item, let (name, input) = Self.tool(item) else { return [] }
        record.usedTools = true
        return [.event(.toolStarted(name: name, input: input))]
    }

    private mutating func completed(_ item: JSON?) -> [Observation] {
        guard let item else { return [] }
        switch item["type"]?.string {
        case "agent_message":
            guard let text = item["text"]?.string else { return [] }
            // The last one is the answer; after a broken stream the same one may come twice.
            let isRepeated = text == record.reply
            record.reply = text
            return isRepeated ? [] : [.event(.text(text))]
        case "error": return [.event(.notice(FailureText.sentence(item["message"]?.string ?? "")))]
        default:
            guard let (name, _) = Self.tool(item) else { return [] }
            let output =
                item["aggregated_output"]?.string ?? item["error"]?["message"]?.string ?? item["result"]?.text
                ?? item["status"]?.string ?? ""
            let hasFailed = item["status"]?.string == "failed" || (item["exit_code"]?.int ?? 0) != 0
            var told: [Observation] = [.event(.toolFinished(name: name, output: output, failed: hasFailed))]
            if PhraseMatcher(item["error"]?["message"]?.string ?? "").contains(.phrase("requires approval")) {
                told += record.deny(name)
            }
            return told
        }
    }

    private static func tool(_ item: JSON) -> (name: String, input: String)? {
        switch item["type"]?.string {
        case "command_execution": ("shell", item["command"]?.text ?? "")
        case "file_change": ("file_change", item["changes"]?.text ?? "")
        case "mcp_tool_call":
            ("\(item["server"]?.string ?? "?").\(item["tool"]?.string ?? "?")", item["arguments"]?.text ?? "")
        case "web_search": ("web_search", item["query"]?.string ?? "")
        default: nil
        }
    }

    /// The class of a message, which is all that a failed turn carries: a JSON body, a status, or known words.
    private func failure(message: String) -> Failure {
        let said = FailureText.sentence(message)
        let matcher = PhraseMatcher(message)
        if let missing = missingVariable(matcher, said) { return missing }
        if matcher.contains(.phrase("max_output_tokens")) { return Failure(.unusableOutput, said) }
        if matcher.contains(.phrase("timeout waiting for sse")) { return Failure(.timeout, said) }
        for marker in ["unexpected status ", "last status: "] {
            guard let rest = matcher.text(after: marker), let status = Int(rest.prefix(3)),
                let kind = FailureCode.kind(ofStatus: status).map({ FailureText.override($0, message) })
            else { continue }
            return Failure(kind, said, resetAt: kind == .rateLimit || kind == .quota ? resetAt(message) : nil)
        }
        if let known = FailureText.classify(message, now: now()) {
            return Failure(known.kind, said, resetAt: known.resetAt)
        }
        // The service rejected the request itself; it stays in the thread.
        if JSON(Array(message.utf8)) != nil {
            return Failure(record.wanted == nil ? .unusableOutput : .sessionLost, said)
        }
        return Failure(.crash, said.isEmpty ? "Codex's turn failed without a reason." : said)
    }

    private func missingVariable(_ matcher: PhraseMatcher, _ said: String) -> Failure? {
        guard matcher.contains(.phrase("missing environment variable")) else { return nil }
        return Failure(
            .authentication,
            "\(said) Agents inherit only well-known variables; set it in the env of the command's [agent_clis] entry.")
    }

    private func resetAt(_ message: String) -> Timestamp? { ResetTime.read(message, now: now()) }

    func failure(exit: ChildExit, errors: String) -> Failure? {
        let all = errors + "\n" + record.strangeText
        let matcher = PhraseMatcher(all)
        if matcher.containsAny([.phrase("no rollout found"), .phrase("failed to read session metadata")]) {
            return Failure(.sessionLost, "Codex no longer has the thread.")
        }
        if let missing = missingVariable(matcher, FailureText.sentence(errors)) { return missing }
        if matcher.contains(.phrase("already has an active writer")) {
            return Failure(.crash, "Another process works on the same Codex thread.")
        }
        if exit == .code(2) {
            return Failure(.configuration, "Codex does not accept its command line: \(FailureText.sentence(errors))")
        }
        if !lastError.isEmpty { return failure(message: lastError) }
        return ExitVerdict.failure(
            program: "codex", exit: exit, errors: errors, output: record.strangeText, now: now())
    }
}
