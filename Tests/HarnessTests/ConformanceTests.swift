import Model
import TestOrder
import TestSupport
import Testing

@testable import Harnesses

/// A CLI as the harness sees it, with the output by which it says three things.
struct Speaker: Sendable, CustomTestStringConvertible {
    var program: String
    var command: String
    /// Lines that begin a session, answer `hi` and end well.
    var success: String
    /// Lines and exit of a run with bad credentials.
    var unauthorized: String
    /// Whether it names a session.
    var hasSession = true
    /// Whether its prompt comes on standard input.
    var readsInput = true

    var testDescription: String { program }

    static let all = [claude, codex, openCode, gemini, copilot, cursor, auggie, aider, plain]
    static let structured = [claude, codex, openCode, gemini, copilot, cursor]

    static let claude = Speaker(
        program: "claude", command: "claude --print",
        success: """
            out {"type":"system","subtype":"init","session_id":"{session}"}
            out {"type":"assistant","message":{"id":"m","content":[{"type":"text","text":"hi"}]},"session_id":"{session}"}
            out {"duration_api_ms":3,"type":"result","subtype":"success","is_error":false,"result":"hi","session_id":"{session}"}
            """,
        unauthorized: """
            out {"type":"system","subtype":"init","session_id":"{session}"}
            out {"type":"result","subtype":"success","is_error":true,"api_error_status":401,"terminal_reason":"api_error","result":"Invalid API key","session_id":"{session}"}
            exit 1
            """)
    static let codex = Speaker(
        program: "codex", command: "codex exec",
        success: """
            out {"type":"thread.started","thread_id":"t-1"}
            out {"type":"turn.started"}
            out {"type":"item.completed","item":{"id":"item_0","type":"agent_message","text":"hi"}}
            out {"type":"turn.completed","usage":{"input_tokens":10,"output_tokens":5}}
            """,
        unauthorized: """
            out {"type":"thread.started","thread_id":"t-1"}
            out {"type":"turn.failed","error":{"message":"unexpected status 401 Unauthorized: no"}}
            exit 1
            """)
    static let openCode = Speaker(
        program: "opencode", command: "opencode run",
        success: """
            out {"type":"step_start","sessionID":"ses_1","part":{}}
            out {"type":"text","sessionID":"ses_1","part":{"text":"hi"}}
            out {"type":"step_finish","sessionID":"ses_1","part":{"tokens":{"input":10,"output":5},"cost":0.1}}
            out {"type":"done","sessionID":"ses_1","reason":"idle"}
            """,
        unauthorized: """
            out {"type":"error","sessionID":"ses_1","error":{"name":"E","data":{"message":"401 Unauthorized"}}}
            exit 1
            """)
    static let gemini = Speaker(
        program: "gemini", command: "gemini --approval-mode yolo",
        success: """
            out {"type":"init","session_id":"g-1","model":"m"}
            out {"type":"message","role":"assistant","content":"h","delta":true}
            out {"type":"message","role":"assistant","content":"i","delta":true}
            out {"type":"result","status":"success","stats":{"input_tokens":10,"output_tokens":5}}
            """,
        unauthorized: """
            err cannot sign in
            exit 41
            """)
    static let copilot = Speaker(
        program: "copilot", command: "copilot --allow-all-tools",
        success: """
            out {"type":"session.start","data":{"sessionId":"c-1"}}
            out {"type":"assistant.message","data":{"content":"hi","outputTokens":5}}
            out {"type":"result","sessionId":"c-1","exitCode":0}
            """,
        unauthorized: """
            out {"type":"session.error","data":{"message":"401 Unauthorized"}}
            exit 1
            """)
    static let cursor = Speaker(
        program: "cursor-agent", command: "cursor-agent --force",
        success: """
            out {"type":"system","subtype":"init","session_id":"u-1"}
            out {"type":"assistant","session_id":"u-1","message":{"content":[{"type":"text","text":"hi"}]}}
            out {"type":"result","subtype":"success","is_error":false,"result":"hi","session_id":"u-1"}
            """,
        unauthorized: """
            err Error: Authentication required
            exit 1
            """)
    static let auggie = Speaker(
        program: "auggie", command: "auggie --print", success: "out hi",
        unauthorized: "err You are not currently logged in to Augment\nexit 1", hasSession: false, readsInput: false)
    static let aider = Speaker(
        program: "aider", command: "aider --yes", success: "out hi",
        unauthorized: "out litellm.AuthenticationError: OpenAIException - Incorrect API key provided\nexit 0",
        hasSession: false, readsInput: false)
    static let plain = Speaker(
        program: "agent-x", command: "agent-x --flag", success: "out hi",
        unauthorized: "err error: 401 Unauthorized\nexit 3", hasSession: false)
}

private func run(
    _ speaker: Speaker, _ scenario: String, _ prompt: String = "Hello",
    limits: TurnLimits = TurnLimits(grace: .seconds(1))
) async throws -> (HarnessBench, HarnessResult) {
    let bench = try HarnessBench(program: speaker.program, scenario: scenario)
    let entry = HarnessCommand(name: "mine", command: speaker.command)
    let harness = try bench.registry(entry).harness(named: "mine")
    return (bench, await harness.run(bench.request(prompt, limits: limits)))
}

/// What holds for every dialect.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ConformanceTests {
    @Test(arguments: Speaker.all)
    func `an answer is the reply, and what began the turn is told`(_ speaker: Speaker) async throws {
        let (bench, result) = try await run(speaker, "read\n" + speaker.success)
        #expect(result.failure == nil)
        #expect(result.reply == "hi")
        #expect((result.session != nil) == speaker.hasSession)
        #expect(result.session.map { $0.harness == "mine" } ?? true)
        guard case .started(let process) = bench.events.first else {
            Issue.record("the first event is \(String(describing: bench.events.first))")
            return
        }
        #expect(process.hasPrefix(bench.text(of: "pids").split(separator: "\n")[0] + ":"))
        if let session = result.session { #expect(bench.events.contains(.session(session.id))) }
        #expect(bench.survivors.isEmpty)
    }

    @Test(arguments: Speaker.all)
    func `bad credentials are an authentication failure`(_ speaker: Speaker) async throws {
        let (_, result) = try await run(speaker, "read\n" + speaker.unauthorized)
        #expect(result.failure?.kind == .authentication)
    }

    @Test(
        arguments: Speaker.all,
        ["/cost", "-p x", "@/etc/passwd", "$(touch pwned); `touch pwned` | & 'x' \"y\" \\", "ünï\u{2028}😀\u{0}x"])
    func `a prompt reaches the program as it is`(_ speaker: Speaker, prompt: String) async throws {
        let (bench, result) = try await run(speaker, "read\n" + speaker.success, prompt)
        #expect(result.failure == nil)
        let file = readFile(bench.folder.path("scratch/prompt.md")).map { String(decoding: $0, as: UTF8.self) }
        let received = speaker.readsInput ? bench.text(of: "stdin") : file ?? ""
        // Where a leading slash would be a command, it stands on a line of its own.
        #expect(received == prompt || received == "\n" + prompt)
        if speaker.program == "claude" { #expect(!received.hasPrefix("/")) }
        #expect(!bench.arguments.contains { $0.contains(prompt) })
        #expect(readFile(bench.folder.path("work/pwned")) == nil)
    }

    @Test(arguments: Speaker.all)
    func `a prompt of a megabyte arrives whole`(_ speaker: Speaker) async throws {
        let prompt = String(repeating: "0123456789abcdef", count: 65536)
        let (bench, result) = try await run(speaker, "read\n" + speaker.success, prompt)
        #expect(result.failure == nil)
        let file = speaker.readsInput ? "work/stdin" : "scratch/prompt.md"
        #expect(readFile(bench.folder.path(file)) == Array(prompt.utf8))
        if !speaker.readsInput { #expect(mode(of: bench.folder.path(file)) == 0o600) }
    }

    @Test(arguments: Speaker.all)
    func `a program that never reads its input is no trouble`(_ speaker: Speaker) async throws {
        let (_, result) = try await run(speaker, speaker.success, String(repeating: "x", count: 1 << 20))
        #expect(result.failure == nil)
        #expect(result.reply == "hi")
    }

    @Test(arguments: Speaker.all)
    func `what a turn leaves behind is ended with it`(_ speaker: Speaker) async throws {
        let (bench, result) = try await run(speaker, "read\ngrandchild\n" + speaker.success)
        #expect(result.failure == nil)
        #expect(bench.text(of: "pids").split(separator: "\n").count == 2)
        #expect(bench.survivors.isEmpty)
    }

    @Test(arguments: Speaker.all)
    func `an answer without a final line end counts`(_ speaker: Speaker) async throws {
        let lines = speaker.success.split(separator: "\n")
        let scenario = lines.dropLast().joined(separator: "\n") + "\npartial " + lines.last!.dropFirst(4)
        let (_, result) = try await run(speaker, scenario)
        #expect(result.failure == nil)
        #expect(result.reply == "hi")
    }

    @Test(arguments: Speaker.structured)
    func `strange output is passed over`(_ speaker: Speaker) async throws {
        let bench = try HarnessBench(
            program: speaker.program,
            scenario: """
                out {"a":"\u{2028}\u{85}","type":"nobody-knows"}
                out not an event
                bytes ff fe 7b 0a 0a
                file big
                \(speaker.success)
                """)
        let line = #"{"type":"nobody-knows","text":""# + String(repeating: "y", count: 5 << 20) + "\"}\n"
        try bench.folder.write(line, to: "work/big")
        let entry = HarnessCommand(name: "mine", command: speaker.command)
        let result = await (try bench.registry(entry).harness(named: "mine")).run(bench.request())
        #expect(result.failure == nil)
        #expect(result.reply == "hi")
        let raw = bench.events.reduce(into: 0) { if case .raw(let bytes) = $1 { $0 += bytes.count } }
        #expect(raw > 5 << 20)
    }

    @Test(arguments: Speaker.all)
    func `a crash by a signal is a crash`(_ speaker: Speaker) async throws {
        let (_, result) = try await run(speaker, "read\nsignal 11")
        #expect(result.failure?.kind == .crash)
        #expect(result.failure?.message.contains("11") == true)
    }

    @Test(arguments: Speaker.structured)
    func `ending well without an answer is no success`(_ speaker: Speaker) async throws {
        let (_, result) = try await run(speaker, "read\nexit 0")
        #expect(result.failure?.kind == .crash)
    }

    @Test(arguments: Speaker.all)
    func `a rate limit tells when to come back`(_ speaker: Speaker) async throws {
        let steps =
            speaker.program == "aider"
            ? "out litellm.RateLimitError: rate limit, try again in 20s"
            : "err 429 rate limit, try again in 20s\nexit 1"
        let (_, result) = try await run(speaker, "read\n" + steps)
        #expect(result.failure?.kind == .rateLimit)
        #expect(result.failure?.resetAt == Timestamp(microseconds: 1_800_000_020_000_000))
    }

    @Test(arguments: Speaker.all)
    func `cancelling ends the turn's processes before it returns`(_ speaker: Speaker) async throws {
        let bench = try HarnessBench(program: speaker.program, scenario: "grandchild\nout ready\nhang")
        let entry = HarnessCommand(name: "mine", command: speaker.command)
        let harness = try bench.registry(entry).harness(named: "mine")
        let (ready, tell) = AsyncStream.makeStream(of: Void.self)
        var request = bench.request()
        request.emit = { if case .raw = $0 { tell.yield() } }
        let turn = Task { [request] in await harness.run(request) }
        for await _ in ready { break }
        turn.cancel()
        let result = await turn.value
        #expect(result.failure?.kind == .crash)
        #expect(bench.text(of: "pids").split(separator: "\n").count == 2)
        #expect(bench.survivors.isEmpty)
    }

    @Test func `a missing program is told apart from a missing folder`() async throws {
        let bench = try HarnessBench(program: "other", scenario: "")
        let missing = HarnessCommand(name: "mine", command: "no-such-program --x")
        let first = await (try bench.registry(missing).harness(named: "mine")).run(bench.request())
        #expect(first.failure?.kind == .missingProgram)
        #expect(first.failure?.message.contains("no-such-program") == true)
        let lost = HarnessCommand(name: "mine", command: "other", workdir: "nowhere")
        let second = await (try bench.registry(lost).harness(named: "mine")).run(bench.request())
        #expect(second.failure?.kind == .configuration)
        #expect(second.failure?.message.contains("nowhere") == true)
    }

    @Test func `the folder and the variables of an entry apply`() async throws {
        let bench = try HarnessBench(program: "agent-x", scenario: "out hi")
        let entry = HarnessCommand(
            name: "mine", command: "agent-x", workdir: "work", environment: ["MODE": "fast; rm -rf x"],
            pass: ["OTH*"])
        var request = bench.request()
        request.workingDirectory = "/"
        let result = await
            (try bench.registry(entry, inherited: ["CLAUDECODE": "1", "OTHER": "x", "THIRD": "y"]).harness(
                named: "mine"))
            .run(request)
        #expect(result.reply == "hi")
        let environment = bench.childEnvironment
        #expect(environment["MODE"] == "fast; rm -rf x" && environment["OTHER"] == "x")
        #expect(environment["CLAUDECODE"] == nil && environment["THIRD"] == nil)
        #expect(environment["TINYTOWN_TURN"] == bench.turn.description)
    }

    @Test func `a command that misses a variable of the person's is told how to get it`() async throws {
        let bench = try HarnessBench(program: "agent-x", scenario: "err MY_API_KEY is not set\nexit 3")
        let entry = HarnessCommand(name: "mine", command: "agent-x")
        let inherited = ["MY_API_KEY": "s3cret", "OTHER": "x"]
        let result = await (try bench.registry(entry, inherited: inherited).harness(named: "mine")).run(bench.request())
        let message = try #require(result.failure?.message)
        #expect(
            message.contains("pass = [\"MY_API_KEY\"]") && !message.contains("s3cret") && !message.contains("OTHER"))
    }

    @Test func `the prompt's file takes the place of its word in a command`() async throws {
        let bench = try HarnessBench(program: "agent-x", scenario: "read\nout hi")
        let entry = HarnessCommand(name: "mine", command: "agent-x --file={prompt_file} -v")
        let result = await (try bench.registry(entry).harness(named: "mine")).run(bench.request("the text"))
        #expect(result.reply == "hi")
        let path = bench.folder.path("scratch/prompt.md")
        #expect(bench.arguments == ["--file=\(path)", "-v"])
        #expect(readFile(path) == Array("the text".utf8) && mode(of: path) == 0o600)
        #expect(bench.text(of: "stdin").isEmpty)
    }
}

/// Their limits pass at the same time, so none of them waits for another.
@Suite(.timeLimit(.minutes(1)), .queued) struct HangConformance {
    @Test(arguments: Speaker.all)
    func `a turn that hangs is ended at its limit with all that it started`(_ speaker: Speaker) async throws {
        let (bench, result) = try await run(
            speaker, "grandchild\nignore-term\nhang",
            limits: TurnLimits(turn: .seconds(3), grace: .milliseconds(200)))
        #expect(result.failure?.kind == .timeout)
        #expect(bench.text(of: "pids").split(separator: "\n").count == 2)
        #expect(bench.survivors.isEmpty)
    }
}
