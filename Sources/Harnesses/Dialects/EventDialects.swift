import Model
import Text

/// OpenCode: `run --format json`.
struct OpenCode: Dialect {
    let name = "opencode"
    let inherited = EnvironmentFilter.only([
        "OPENCODE_*", "ANTHROPIC_*", "OPENAI_*", "GEMINI_*", "GOOGLE_*", "OPENROUTER_*", "GROQ_*", "MISTRAL_*",
        "AWS_*", "AZURE_*", "GITHUB_TOKEN", "GH_TOKEN",
    ])

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        let words = try command.words()
        var arguments = ArgumentList(Array(words.dropFirst()))
        if !arguments.words.contains("run") { arguments.words.insert("run", at: 0) }
        arguments.remove("--format")
        arguments.insert(["--format", "json"])
        if let session = request.session { arguments.add("-s", session.id, unless: "--session", "-c", "--continue") }
        return Invocation(
            words: [words[0]] + arguments.words, prompt: request.prompt, scratchFolder: request.scratchFolder)
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        EventTranscript(program: "opencode", wanted: request.session, now: now, read: Self.read)
    }

    private static func read(_ event: JSON, _ state: inout EventTranscript) -> [Observation] {
        var told = state.record.begin(session: event["sessionID"]?.string ?? "", cli: "OpenCode")
        let part = event["part"]
        switch event["type"]?.string {
        case "text": told += state.say(part?["text"]?.string)
        case "tool_use":
            let name = part?["tool"]?.string ?? "?"
            let work = part?["state"]
            told.append(.event(.toolStarted(name: name, input: work?["input"]?.text ?? "")))
            state.record.usedTools = true
            let hasFailed = work?["status"]?.string == "error"
            let output = (hasFailed ? work?["error"] : work?["output"])?.text ?? ""
            told.append(.event(.toolFinished(name: name, output: output, failed: hasFailed)))
        case "step_finish":
            let tokens = part?["tokens"]
            let cached = tokens?["cache"]?["read"]?.tokens ?? 0
            let written = tokens?["cache"]?["write"]?.tokens
            let step =
                Usage(
                    inputTokens: tokens?["input"]?.tokens ?? 0, outputTokens: tokens?["output"]?.tokens ?? 0,
                    cachedInputTokens: cached, cacheWriteTokens: written, cost: part?["cost"]?.money)
                + Usage(inputTokens: cached) + Usage(inputTokens: written ?? 0)
                + Usage(outputTokens: tokens?["reasoning"]?.tokens ?? 0)
            state.record.spent = (state.record.spent ?? Usage()) + step
        case "error":
            let error = event["error"]
            let message =
                error?["data"]?["message"]?.string ?? error?["message"]?.string ?? error?["name"]?.string ?? ""
            let data = error?["data"]
            state.fail(
                message, codes: [error?["name"]?.string == "APIError" ? nil : error?["name"]?.string],
                status: data?["statusCode"]?.int, resetAt: data?["responseHeaders"]?["retry-after"])
        case "done":
            for denied in event["rejected"]?.array ?? [] {
                told += state.record.deny(denied["tool"]?.string ?? denied["permission"]?.string ?? denied.text)
            }
            if state.record.terminal == nil { state.record.terminal = .succeeded }
            told.append(.ended)
        default: break
        }
        return told
    }
}

/// Gemini CLI: `--output-format stream-json`.
struct Gemini: Dialect {
    let name = "gemini"
    let inherited = EnvironmentFilter.only(["GEMINI_*", "GOOGLE_*", "GH_TOKEN", "GITHUB_TOKEN"])

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        let words = try command.words()
        var arguments = ArgumentList(Array(words.dropFirst()))
        for flag in ["--output-format", "-o"] { arguments.remove(flag) }
        arguments.insert(["--output-format", "stream-json"])
        // Otherwise a folder that nobody has answered for at a terminal ends the run.
        arguments.add("--skip-trust")
        if !arguments.has("--resume", "-r", "--session-id") {
            if let session = request.session {
                arguments.insert(["--resume", session.id])
            } else {
                arguments.insert(["--session-id", request.newSessionID])
            }
        }
        // A text that begins with a slash would be a command to the CLI.
        return Invocation(
            words: [words[0]] + arguments.words, prompt: Claude.plain(request.prompt),
            scratchFolder: request.scratchFolder)
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        EventTranscript(program: "gemini", wanted: request.session, now: now, exits: Self.exits, read: Self.read)
    }

    private static let exits: [Int32: FailureClass] = [
        41: .authentication, 42: .configuration, 44: .configuration, 52: .configuration, 53: .unusableOutput,
        54: .crash, 55: .configuration,
    ]

    private static func read(_ event: JSON, _ state: inout EventTranscript) -> [Observation] {
        switch event["type"]?.string {
        case "init":
            state.record.answer(model: event["model"]?.string)
            return state.record.begin(session: event["session_id"]?.string ?? "", cli: "Gemini")
        case "message" where event["role"]?.string == "assistant":
            return state.say(event["content"]?.string, continues: event["delta"]?.bool ?? false)
        case "tool_use":
            return state.startTool(
                event["tool_id"]?.string, event["tool_name"]?.string, input: event["parameters"]?.text)
        case "tool_result":
            let hasFailed = event["status"]?.string == "error"
            let output = (hasFailed ? event["error"]?["message"] ?? event["output"] : event["output"])?.text
            return state.endTool(event["tool_id"]?.string, output: output, failed: hasFailed)
        case "error": return [.event(.notice(FailureText.sentence(event["message"]?.string ?? "")))]
        case "result":
            if let stats = event["stats"] {
                state.record.spent = Usage(
                    inputTokens: stats["input_tokens"]?.tokens ?? 0, outputTokens: stats["output_tokens"]?.tokens ?? 0,
                    cachedInputTokens: stats["cached"]?.tokens ?? 0)
            }
            if event["status"]?.string == "error" {
                let error = event["error"]
                state.fail(
                    error?["message"]?.string ?? error?.text ?? "",
                    codes: [error?["type"]?.string, error?["code"]?.string, error?["status"]?.string],
                    status: error?["code"]?.int ?? error?["status"]?.int)
            } else {
                state.record.terminal = .succeeded
            }
            return [.ended]
        default: return []
        }
    }
}

/// GitHub Copilot's standalone agent: `--output-format json`.
struct Copilot: Dialect {
    let name = "copilot"
    let inherited = EnvironmentFilter.only(["COPILOT_*", "GH_*", "GITHUB_*"])

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        let words = try command.words()
        var arguments = ArgumentList(Array(words.dropFirst()))
        arguments.remove("--output-format")
        arguments.insert(["--output-format", "json"])
        arguments.add("--silent", unless: "-s")
        arguments.add("--no-ask-user")
        arguments.add("--stream", "off")
        // The same flag makes a session and continues it.
        if !arguments.has("--session-id", "--resume", "--continue") {
            arguments.insert(["--session-id=\(request.session?.id ?? request.newSessionID)"])
        }
        return Invocation(
            words: [words[0]] + arguments.words, prompt: Claude.plain(request.prompt),
            scratchFolder: request.scratchFolder)
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        EventTranscript(program: "copilot", wanted: request.session, now: now, read: Self.read)
    }

    private static func read(_ event: JSON, _ state: inout EventTranscript) -> [Observation] {
        let data = event["data"] ?? event
        switch event["type"]?.string {
        case "session.start": return state.record.begin(session: data["sessionId"]?.string ?? "", cli: "Copilot")
        case "assistant.message":
            state.record.answer(model: data["model"]?.string)
            if let tokens = data["outputTokens"]?.tokens {
                state.record.spent = (state.record.spent ?? Usage()) + Usage(outputTokens: tokens)
            }
            return state.say(data["content"]?.string)
        case "tool.execution_start":
            return state.startTool(
                data["toolCallId"]?.string, data["toolName"]?.string, input: data["arguments"]?.text)
        case "tool.execution_complete":
            let hasFailed = data["success"]?.bool == false
            let output = (hasFailed ? data["error"] : data["result"])?.text
            return state.endTool(data["toolCallId"]?.string, output: output, failed: hasFailed)
        case "session.error":
            state.fail(
                data["message"]?.string ?? data.text,
                codes: [data["errorType"]?.string, data["errorCode"]?.string, data["code"]?.string],
                status: data["statusCode"]?.int ?? data["status"]?.int, resetAt: data["retryAfter"])
            return []
        case "session.warning": return [.event(.notice(FailureText.sentence(data["message"]?.string ?? "")))]
        case "result":
            let told = state.record.begin(
                session: event["sessionId"]?.string ?? data["sessionId"]?.string ?? "", cli: "Copilot")
            let code = event["exitCode"]?.int ?? data["exitCode"]?.int ?? 0
            if code == 0 { state.record.terminal = .succeeded }
            return told + [.ended]
        default: return []
        }
    }
}

/// Cursor's agent: `--print --output-format stream-json`.
struct CursorAgent: Dialect {
    let name = "cursor"
    let inherited = EnvironmentFilter.only(["CURSOR_*", "GH_TOKEN", "GITHUB_TOKEN"])

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        let words = try command.words()
        var arguments = ArgumentList(Array(words.dropFirst()))
        arguments.add("--print", unless: "-p")
        arguments.remove("--output-format")
        arguments.insert(["--output-format", "stream-json"])
        if let session = request.session { arguments.add("--resume", session.id, unless: "--continue") }
        return Invocation(
            words: [words[0]] + arguments.words, prompt: Claude.plain(request.prompt),
            scratchFolder: request.scratchFolder)
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        EventTranscript(program: "cursor-agent", wanted: request.session, now: now, read: Self.read)
    }

    private static func read(_ event: JSON, _ state: inout EventTranscript) -> [Observation] {
        var told = state.record.begin(session: event["session_id"]?.string ?? "", cli: "Cursor")
        switch event["type"]?.string {
        case "system": state.record.answer(model: event["model"]?.string)
        case "assistant":
            for block in event["message"]?["content"]?.array ?? [] { told += state.say(block["text"]?.string) }
        case "tool_call":
            let call = event["tool_call"]?.object?.first
            let id = event["call_id"]?.string
            if event["subtype"]?.string == "started" {
                told += state.startTool(id, call?.key, input: call?.value["args"]?.text)
            } else {
                let result = call?.value["result"]
                told += state.endTool(id, output: result?.text, failed: result?["error"] != nil)
            }
        case "result":
            if event["is_error"]?.bool == true {
                state.fail(event["result"]?.string ?? event["error"]?.text ?? "")
            } else {
                if let text = event["result"]?.string { state.record.reply = text }
                state.record.terminal = .succeeded
            }
            told.append(.ended)
        default: break
        }
        return told
    }
}
