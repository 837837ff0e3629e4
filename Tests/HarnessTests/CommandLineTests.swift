import Model
import Presets
import TestOrder
import Testing

@testable import Harnesses

private let request = TurnRequest(
    turn: TurnID(high: 1, low: 2), newSessionID: "0F8FAD5B-D9CB-469F-A165-70867728950E", session: nil, prompt: "p",
    scratchFolder: "/s", workingDirectory: "/w", environment: [:], emit: { _ in })

private var later: TurnRequest {
    var request = request
    request.session = HarnessSession(id: "abc", harness: "x")
    return request
}

/// What each dialect makes of a command line.
@Suite(.serialized, .queued) struct CommandLineTests {
    private func line(_ command: String, _ request: TurnRequest) throws -> [String] {
        let words = try WordSplitter.words(in: command)
        return try CLIPreset.dialect(of: words)
            .invocation(for: request, command: HarnessCommand(name: "x", command: command)).arguments
    }

    @Test func `claude gets a pinned session and keeps all flags`() throws {
        #expect(
            try line("claude --print --dangerously-skip-permissions", request) == [
                "claude", "--print", "--dangerously-skip-permissions", "--output-format", "stream-json", "--verbose",
                "--session-id", "0f8fad5b-d9cb-469f-a165-70867728950e",
            ])
        #expect(
            try line("/x/claude -p --model opus --output-format text --verbose", later) == [
                "/x/claude", "-p", "--model", "opus", "--verbose", "--output-format", "stream-json", "--resume", "abc",
            ])
    }

    @Test func `a dialect never adds a permission`() throws {
        for command in ["claude", "claude --print", "gemini -m x", "copilot --model x", "cursor-agent -p"] {
            let added = try line(command, request)
            #expect(!added.contains { $0.contains("dangerously") || $0.contains("yolo") || $0.contains("allow") })
            #expect(!added.contains("--force"))
        }
        #expect(try line("codex exec", request).contains("workspace-write"))
    }

    @Test func `a session that the person chose is left alone`() throws {
        let line = try line("claude --continue", later)
        #expect(!line.contains("--resume") && !line.contains("--session-id"))
    }

    @Test func `codex gets its prompt by a dash and its options before the word resume`() throws {
        let common = [
            "--json", "--skip-git-repo-check", "-c", "analytics.enabled=false", "-c",
            "allow_login_shell=false", "-c",
            "shell_environment_policy.ignore_default_excludes=false", "--disable", "unbounded_connection_retries",
            "--disable", "plugins", "--disable", "apps",
        ]
        let bypass = "--dangerously-bypass-approvals-and-sandbox"
        #expect(try line("codex exec \(bypass)", request) == ["codex", "exec", bypass] + common + ["-"])
        #expect(
            try line("codex exec \(bypass)", later) == ["codex", "exec", bypass, "resume"] + common + ["abc", "-"])
        #expect(
            try line("codex -m x", request) == ["codex", "exec", "-m", "x", "--sandbox", "workspace-write"] + common
                + ["-"])
        #expect(
            try line("codex -m x exec -s read-only -", later) == [
                "codex", "-m", "x", "exec", "-s", "read-only", "resume",
            ] + common + ["abc", "-"])
    }

    @Test func `retries of a provider that codex's command line names are few`() throws {
        let line = try line(#"codex exec -c model_provider="mine" -c analytics.enabled=true"#, request)
        #expect(line.contains("model_providers.mine.request_max_retries=1"))
        #expect(line.contains("model_providers.mine.stream_max_retries=1"))
        #expect(!line.contains("analytics.enabled=false"))
        #expect(try !self.line("codex exec", request).contains { $0.hasPrefix("model_providers.") })
    }

    @Test func `codex-mini is codex with its model`() throws {
        let preset = try #require(CLIPreset.matching(command: "codex-mini"))
        let line = try line(preset.command, request)
        #expect(
            line.prefix(7) == [
                "codex", "exec", "--dangerously-bypass-approvals-and-sandbox", "-m", "gpt-5.4-mini", "-c",
                "model_reasoning_effort=medium",
            ])
    }

    @Test func `auggie and aider get the prompt's file`() throws {
        #expect(
            try line("auggie --print", request) == [
                "auggie", "--print", "--quiet", "--instruction-file", "/s/prompt.md",
            ])
        let aider = try line("aider --yes --no-auto-commits --message", request)
        #expect(aider.suffix(2) == ["--message-file", "/s/prompt.md"])
        #expect(aider.starts(with: ["aider", "--yes", "--no-auto-commits", "--no-pretty", "--no-stream"]))
        #expect(!aider.contains("--message"))
    }

    @Test func `the others speak in events and continue their session by its id`() throws {
        #expect(
            try line("opencode run --auto", later) == ["opencode", "run", "--auto", "--format", "json", "-s", "abc"])
        #expect(
            try line("gemini --approval-mode yolo", later) == [
                "gemini", "--approval-mode", "yolo", "--output-format", "stream-json", "--skip-trust", "--resume",
                "abc",
            ])
        #expect(
            try line("copilot --allow-all-tools", later) == [
                "copilot", "--allow-all-tools", "--output-format", "json", "--silent", "--no-ask-user", "--stream",
                "off",
                "--session-id=abc",
            ])
        #expect(
            try line("cursor-agent --force", later) == [
                "cursor-agent", "--force", "--print", "--output-format", "stream-json", "--resume", "abc",
            ])
    }

    @Test func `any other command is left as it is`() throws {
        #expect(try line("my-agent --x {prompt_file} 'a b'", request) == ["my-agent", "--x", "/s/prompt.md", "a b"])
    }
}
