import Model
import TestOrder
import Testing

@testable import Harnesses

private let now = Timestamp(microseconds: 1_800_000_000_000_000)

extension Transcript {
    /// Takes lines and returns what they meant.
    fileprivate mutating func take(_ lines: String...) -> [Observation] {
        lines.flatMap { take(Array($0.utf8)) }
    }

    fileprivate func result(_ exit: ChildExit = .code(0), errors: String = "", reason: EndReason? = nil)
        -> HarnessResult
    {
        record.result(harness: "h", reason: reason, other: failure(exit: exit, errors: errors), now: now)
    }
}

@Suite(.serialized, .queued) struct ClaudeTranscriptTests {
    private func transcript(_ wanted: HarnessSession? = nil) -> ClaudeTranscript {
        ClaudeTranscript(wanted: wanted, now: { now })
    }

    private static let start = #"{"session_id":"s","subtype":"init","type":"system"}"#

    @Test func `cost and tokens of a resumed session are the difference of its totals`() {
        let earlier = Usage(
            inputTokens: 100, outputTokens: 50, cachedInputTokens: 20, cacheWriteTokens: 4, costUSD: 0.5)
        var read = transcript(HarnessSession(id: "s", harness: "h", totals: earlier))
        _ = read.take(
            Self.start,
            #"{"type":"result","is_error":false,"result":"ok","total_cost_usd":0.75,"usage":{"input_tokens":1},"#
                + #""modelUsage":{"m":{"inputTokens":110,"outputTokens":60,"cacheReadInputTokens":30,"#
                + #""cacheCreationInputTokens":10,"costUSD":0.75}},"session_id":"s"}"#)
        let result = read.result()
        #expect(
            result.usage
                == Usage(
                    inputTokens: 50, outputTokens: 10, cachedInputTokens: 10, cacheWriteTokens: 6, costUSD: 0.25))
        #expect(
            result.session?.totals
                == Usage(
                    inputTokens: 150, outputTokens: 60, cachedInputTokens: 30, cacheWriteTokens: 10, costUSD: 0.75))
    }

    @Test func `what each model read from a cache and wrote to one is part of the input, once`() {
        var read = transcript()
        _ = read.take(
            #"{"type":"result","is_error":false,"result":"ok","session_id":"s","modelUsage":{"#
                + #""a":{"inputTokens":1,"cacheReadInputTokens":20,"cacheCreationInputTokens":300},"#
                + #""b":{"inputTokens":1000,"cacheCreationInputTokens":5}}}"#)
        #expect(
            read.result().usage?.withoutCost
                == Usage(inputTokens: 1326, cachedInputTokens: 20, cacheWriteTokens: 305))
    }

    @Test func `figures since the last result go before differences, and several results add up`() {
        var read = transcript()
        let line =
            #"{"type":"result","is_error":false,"result":"ok","session_id":"s","total_cost_usd":9,"#
            + #""modelUsage":{"m":{"inputTokens":900,"costUSD":9}},"#
            + #""model_usage_since_last_result":{"m":{"inputTokens":7,"outputTokens":1,"costUSD":0.5}}}"#
        let told = read.take(Self.start, line, Self.start, line)
        #expect(told.contains(.working))
        #expect(read.result().usage == Usage(inputTokens: 14, outputTokens: 2, costUSD: 1))
        #expect(read.result().session?.totals.inputTokens == 900)
    }

    @Test func `the money of an unknown model is not known`() {
        var read = transcript()
        _ = read.take(
            #"{"type":"result","is_error":false,"result":"","session_id":"s","total_cost_usd":9,"#
                + #""modelUsage":{"m":{"inputTokens":1,"costUSD":9,"costBasis":"unknown"}}}"#)
        #expect(read.result().usage == Usage(inputTokens: 1))
    }

    @Test(arguments: [
        (#""api_error_status":401,"result":"x""#, FailureClass.authentication),
        (#""api_error_status":404,"result":"x""#, .configuration),
        (#""api_error_status":429,"result":"x""#, .rateLimit),
        (#""api_error_status":529,"result":"x""#, .rateLimit),
        (#""api_error_status":400,"result":"Your credit balance is too low""#, .quota),
        (#""api_error_status":400,"result":"bad thing""#, .unusableOutput),
        (#""terminal_reason":"prompt_too_long","api_error_status":400,"result":"x""#, .contextOverflow),
        (#""terminal_reason":"blocking_limit","result":"x""#, .contextOverflow),
        (#""terminal_reason":"image_error","api_error_status":413,"result":"x""#, .contextOverflow),
        (#""terminal_reason":"max_turns","subtype":"error_max_turns""#, .unusableOutput),
        (#""terminal_reason":"aborted_tools""#, .crash),
        (#""stop_reason":"refusal","result":"x""#, .refusal),
        (#""api_error":"connection_failed","result":"x""#, .network),
        (#""result":"API Error: empty or malformed response""#, .network),
        (#""result":"reached its context window limit""#, .contextOverflow),
        (#""result":"exceeded the 32000 output token maximum""#, .unusableOutput),
        (#""errors":["No conversation found with session ID: s"]"#, .sessionLost),
    ])
    func `an error result has a class`(fields: String, kind: FailureClass) {
        var read = transcript()
        #expect(read.take(#"{"type":"result","is_error":true,\#(fields)}"#).contains(.ended))
        #expect(read.result(.code(1)).failure?.kind == kind)
    }

    @Test func `a rejected prompt of a session that was continued loses the session`() {
        var read = transcript(HarnessSession(id: "s", harness: "h"))
        _ = read.take(Self.start, #"{"type":"result","is_error":true,"api_error_status":400,"result":"bad"}"#)
        #expect(read.result(.code(1)).failure?.kind == .sessionLost)
    }

    @Test func `a used-up plan is a quota with the time of its reset`() {
        var read = transcript()
        _ = read.take(
            #"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1800003600}}"#,
            #"{"type":"assistant","is_api_error_message":true,"error":"rate_limit","message":{"model":"<synthetic>"}}"#,
            #"{"type":"result","is_error":true,"api_error_status":429,"result":"You've hit your 5-hour limit"}"#)
        let failure = read.result(.code(1)).failure
        #expect(failure?.kind == .quota && failure?.resetAt == now + .seconds(3600))
    }

    @Test func `denied tools are named once, and told`() {
        var read = transcript()
        let told = read.take(
            #"{"type":"system","subtype":"permission_denied","tool_name":"Bash"}"#,
            #"{"type":"result","is_error":false,"result":"could not","#
                + #""permission_denials":[{"tool_name":"Bash"},{"tool_name":"Edit"}]}"#)
        #expect(read.result().failure == nil)
        #expect(told.filter { if case .event(.notice) = $0 { true } else { false } }.count == 2)
    }

    @Test func `tools and text are told, a sub-agent's words are not`() {
        var read = transcript()
        let told = read.take(
            #"{"type":"assistant","message":{"id":"1","content":[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"ls"}}]}}"#,
            #"{"type":"assistant","parent_tool_use_id":"t","message":{"id":"2","content":[{"type":"text","text":"inner"}]}}"#,
            #"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"a"}],"is_error":true}]}}"#,
            #"{"type":"assistant","message":{"id":"3","content":[{"type":"text","text":"he"}]}}"#,
            #"{"type":"assistant","message":{"id":"3","content":[{"type":"text","text":"llo"}]}}"#,
            #"{"type":"result","is_error":false}"#)
        #expect(
            told == [
                .event(.toolStarted(name: "Bash", input: #"{"command":"ls"}"#)),
                .event(.toolFinished(name: "Bash", output: "a", failed: true)), .event(.text("he")),
                .event(.text("llo")), .ended,
            ])
        #expect(read.result().reply == "hello")
    }

    @Test func `another session than the one asked for is told, and its totals begin anew`() {
        let wanted = HarnessSession(id: "old", harness: "h", totals: Usage(inputTokens: 5, costUSD: 1))
        var read = transcript(wanted)
        let told = read.take(
            Self.start, #"{"type":"result","is_error":false,"modelUsage":{"m":{"inputTokens":9,"costUSD":2}}}"#)
        #expect(told.first == .event(.session("s")))
        #expect(told.dropFirst().first.map { if case .event(.notice) = $0 { true } else { false } } == true)
        #expect(read.result().session?.id == "s" && read.result().usage?.inputTokens == 9)
    }

    @Test func `retries are told with their class`() {
        var read = transcript()
        let told = read.take(
            #"{"type":"system","subtype":"api_retry","attempt":1,"max_retries":2,"retry_delay_ms":500,"error_status":401,"error":"authentication_failed"}"#
        )
        guard case .retrying(let failure) = told.last else {
            Issue.record("told \(told)")
            return
        }
        #expect(failure.kind == .authentication)
    }

    @Test func `root without a sandbox is told what to do`() {
        let errors = "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons"
        let failure = transcript().result(.code(1), errors: errors).failure
        #expect(failure?.kind == .configuration && failure?.message.contains("IS_SANDBOX") == true)
    }

    @Test func `our own reason counts only where the turn had not ended`() {
        var read = transcript()
        #expect(read.result(.signal(15), reason: .turnLimit(.seconds(9))).failure?.kind == .timeout)
        #expect(read.result(.signal(15), reason: .cancelled).failure?.kind == .crash)
        let retry = Failure(.network, "x")
        #expect(read.result(.signal(15), reason: .retries(retry)).failure == retry)
        _ = read.take(Self.start, #"{"type":"result","is_error":false,"result":"done"}"#)
        #expect(read.result(.signal(9), reason: .lingered).failure == nil)
        #expect(read.result(.signal(9), reason: .turnLimit(.seconds(9))).reply == "done")
    }

    @Test func `after a failure the session is kept`() {
        var read = transcript()
        _ = read.take(Self.start, #"{"type":"result","is_error":true,"api_error_status":529,"result":"x"}"#)
        #expect(read.result(.code(1)).session?.id == "s")
    }
}

@Suite(.serialized, .queued) struct CodexTranscriptTests {
    private func transcript(_ wanted: HarnessSession? = nil) -> CodexTranscript {
        CodexTranscript(wanted: wanted, now: { now })
    }

    @Test func `the usage of a resumed thread is the difference of its totals`() {
        var read = transcript(HarnessSession(id: "t", harness: "h", totals: Usage(inputTokens: 20, outputTokens: 4)))
        _ = read.take(
            #"{"type":"thread.started","thread_id":"t"}"#,
            #"{"type":"item.completed","item":{"type":"agent_message","text":"first"}}"#,
            #"{"type":"item.completed","item":{"type":"agent_message","text":"last"}}"#,
            #"{"type":"turn.completed","usage":{"input_tokens":30,"cached_input_tokens":8,"cache_write_input_tokens":6,"#
                + #""output_tokens":9}}"#)
        let result = read.result()
        #expect(result.reply == "last" && result.failure == nil)
        // The thread's earlier report says nothing of writes, so what this turn wrote is not known.
        #expect(result.usage == Usage(inputTokens: 10, outputTokens: 5, cachedInputTokens: 8))
        #expect(
            result.session?.totals
                == Usage(inputTokens: 30, outputTokens: 9, cachedInputTokens: 8, cacheWriteTokens: 6))
    }

    @Test(arguments: [
        ("unexpected status 401 Unauthorized: no, url: x", FailureClass.authentication),
        ("unexpected status 404 Not Found: x", .configuration),
        ("unexpected status 413 Payload Too Large", .contextOverflow),
        ("exceeded retry limit, last status: 429 Too Many Requests", .rateLimit),
        ("unexpected status 503 Service Unavailable: x", .rateLimit),
        ("Quota exceeded. Check your plan and billing details.", .quota),
        ("You've hit your usage limit. Try again at 7:40 AM.", .quota),
        ("Selected model is at capacity. Please try a different model.", .rateLimit),
        ("We're currently experiencing high demand", .rateLimit),
        (#"{\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"m\"}}"#, .contextOverflow),
        (#"{\"error\":{\"code\":\"invalid_api_key\",\"message\":\"m\"}}"#, .authentication),
        (#"{\"error\":{\"code\":\"odd\",\"message\":\"m\"}}"#, .unusableOutput),
        ("Codex ran out of room in the model's context window.", .contextOverflow),
        ("stream disconnected before completion: error sending request", .network),
        ("idle timeout waiting for SSE", .timeout),
        ("Incomplete response returned, reason: max_output_tokens", .unusableOutput),
        ("Incomplete response returned, reason: content_filter", .refusal),
        ("something else", .crash),
    ])
    func `a failed turn has a class`(message: String, kind: FailureClass) {
        var read = transcript()
        let told = read.take(#"{"type":"turn.failed","error":{"message":"\#(message)"}}"#)
        #expect(told == [.ended])
        #expect(read.result(.code(1)).failure?.kind == kind)
    }

    @Test(arguments: [
        ("Error: no rollout found for thread id x", ChildExit.code(1), FailureClass.sessionLost),
        ("failed to read session metadata", .code(1), .sessionLost),
        ("thread already has an active writer", .code(1), .crash),
        ("error: unexpected argument", .code(2), .configuration),
        ("Missing environment variable: `KEY`.", .code(1), .authentication),
        (#"{"input_error_code":"input_too_large"}"#, .code(1), .contextOverflow),
        ("thread panicked", .code(101), .crash),
    ])
    func `a run without events is told from its error text`(errors: String, exit: ChildExit, kind: FailureClass) {
        #expect(transcript().result(exit, errors: errors).failure?.kind == kind)
    }

    @Test func `reconnecting is no end, and carries the class of its cause`() {
        var read = transcript()
        let told = read.take(#"{"type":"error","message":"Reconnecting... 2/5 (unexpected status 401 Unauthorized)"}"#)
        guard case .retrying(let failure) = told.last else {
            Issue.record("told \(told)")
            return
        }
        #expect(failure.kind == .authentication && read.record.terminal == nil)
    }

    @Test func `tools, warnings and denied calls are told`() {
        var read = transcript()
        let told = read.take(
            #"{"type":"item.started","item":{"type":"command_execution","command":"ls","status":"in_progress"}}"#,
            #"{"type":"item.completed","item":{"type":"command_execution","command":"ls","aggregated_output":"a","exit_code":2,"status":"failed"}}"#,
            #"{"type":"item.completed","item":{"type":"error","message":"careful"}}"#,
            #"{"type":"item.completed","item":{"type":"mcp_tool_call","server":"town","tool":"send","error":{"message":"MCP tool call requires approval, but approval policy is never"},"status":"failed"}}"#
        )
        #expect(told[0] == .event(.toolStarted(name: "shell", input: "ls")))
        #expect(told[1] == .event(.toolFinished(name: "shell", output: "a", failed: true)))
        #expect(told[2] == .event(.notice("careful")))
    }

    @Test func `a thread that is not the one asked for is told`() {
        var read = transcript(HarnessSession(id: "old", harness: "h", totals: Usage(inputTokens: 99)))
        let told = read.take(
            #"{"type":"thread.started","thread_id":"new"}"#, #"{"type":"turn.completed","usage":{"input_tokens":100}}"#)
        #expect(told.count == 3)
        #expect(read.result().session?.id == "new" && read.result().usage?.inputTokens == 100)
    }
}

@Suite(.serialized, .queued) struct OtherTranscriptTests {
    @Test func `aider's figures are read from its words, and its answer's words are not its failure`() {
        var read = AiderTranscript(now: { now })
        _ = read.take(
            "I fixed the 401 Unauthorized error.",
            "Tokens: 2.5k sent, 1.2k received. Cost: $0.01 message, $0.02 session.")
        let result = read.result()
        #expect(result.failure == nil)
        #expect(result.usage == Usage(inputTokens: 2500, outputTokens: 1200, costUSD: 0.01))
    }

    @Test func `aider's sent tokens contain those of its cache`() {
        var read = AiderTranscript(now: { now })
        _ = read.take(
            "Tokens: 10k sent, 3k cache write, 2k cache hit, 1k received. Cost: $0.01 message, $0.01 session.")
        #expect(
            read.result().usage
                == Usage(
                    inputTokens: 10_000, outputTokens: 1000, cachedInputTokens: 2000, cacheWriteTokens: 3000,
                    costUSD: 0.01))
        _ = read.take("Tokens: 1k sent, 500 cache hit, 1k received. Cost: $0.01 message, $0.02 session.")
        #expect(
            read.result().usage
                == Usage(
                    inputTokens: 11_000, outputTokens: 2000, cachedInputTokens: 2500, cacheWriteTokens: 3000,
                    costUSD: 0.02))
    }

    @Test func `a long text keeps its end`() {
        var read = TextTranscript(program: "x", now: { now })
        for _ in 0..<5 { _ = read.take(Array(repeating: UInt8(ascii: "a"), count: 1 << 20)) }
        _ = read.take("the end")
        let reply = read.result().reply
        #expect(reply.hasSuffix("the end") && reply.utf8.count <= 2 * TextTranscript.longest + 8)
    }

    @Test func `terminal colours are not part of an answer`() {
        var read = TextTranscript(program: "x", now: { now })
        _ = read.take("\u{1B}[32mgreen\u{1B}[0m", "", "next")
        #expect(read.result().reply == "green\n\nnext")
    }

    @Test func `a missing interpreter is a missing program`() {
        let result = TextTranscript(program: "x", now: { now }).result(
            .code(127), errors: "/usr/bin/env: 'node': No such file or directory")
        #expect(result.failure?.kind == .missingProgram)
    }

    @Test func `opencode's steps add up and its refused questions are told`() throws {
        var read = OpenCode().makeTranscript(
            for: TurnRequest(
                turn: TurnID(high: 1, low: 1), newSessionID: "", session: nil, prompt: "", scratchFolder: "",
                workingDirectory: "", environment: [:], emit: { _ in }), now: { now })
        let step =
            #"{"type":"step_finish","sessionID":"s","part":{"tokens":{"input":5,"output":2,"reasoning":1,"cache":{"read":3,"write":1}},"cost":0.25}}"#
        let told = read.take(step, step, #"{"type":"done","sessionID":"s","rejected":[{"permission":"bash"}]}"#)
        #expect(told.last == .ended)
        let result = read.result()
        #expect(
            result.usage
                == Usage(inputTokens: 18, outputTokens: 6, cachedInputTokens: 6, cacheWriteTokens: 2, costUSD: 0.5))
    }
}
