import Model

/// Claude Code in print mode, with a stream of events and a session that is pinned by id.
struct Claude: Dialect {
    let name = "claude"
    let inherited = EnvironmentFilter.only([
        "ANTHROPIC_*", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_MAX_OUTPUT_TOKENS", "AWS_*", "GOOGLE_*", "CLOUD_ML_REGION",
        "API_TIMEOUT_MS", "IS_SANDBOX", "MCP_*", "BASH_DEFAULT_TIMEOUT_MS", "BASH_MAX_TIMEOUT_MS",
        "BASH_MAX_OUTPUT_LENGTH", "ENABLE_TOOL_SEARCH", "DISABLE_*", "GH_TOKEN",
        "GITHUB_TOKEN",
    ])

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        let words = try command.words()
        var arguments = ArgumentList(Array(words.dropFirst()))
        // The output is read here, so its form is not the person's to choose.
        for flag in ["--output-format", "--input-format"] { arguments.remove(flag) }
        arguments.add("--print", unless: "-p")
        arguments.insert(["--output-format", "stream-json"])
        arguments.add("--verbose")
        if !arguments.has(Self.sessionFlags) {
            if let session = request.session {
                arguments.insert(["--resume", session.id])
            } else {
                arguments.insert(["--session-id", request.newSessionID.lowercased()])
            }
        }
        var invocation = Invocation(
            words: [words[0]] + arguments.words, prompt: Self.plain(request.prompt),
            scratchFolder: request.scratchFolder)
        invocation.environment = [
            "CLAUDE_CODE_MAX_RETRIES": "2",
            "DISABLE_AUTOUPDATER": "1",
            // A relayed text may name any file after an @; it would be read without asking.
            "CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1",
            // A task that outlives the answer would keep the process and start turns of its own.
            "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        ]
        return invocation
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        ClaudeTranscript(wanted: request.session, now: now)
    }

    /// A first turn that failed leaves its session behind, and an id is not given twice: then it is continued.
    func secondTry(after result: HarnessResult, errors: String, of request: TurnRequest) -> TurnRequest? {
        guard request.session == nil, result.failure != nil,
            PhraseMatcher(errors).contains(.near("session id", "already in use", within: 60))
        else { return nil }
        var again = request
        again.session = HarnessSession(id: request.newSessionID.lowercased(), harness: name)
        return again
    }

    private static let sessionFlags = [
        "--resume", "-r", "--session-id", "--continue", "-c", "--fork-session", "--no-session-persistence",
    ]

    /// A text that begins with a slash would be taken as a command to the CLI itself; after a line's end it is text.
    static func plain(_ prompt: String) -> String { prompt.utf8.first == UInt8(ascii: "/") ? "\n" + prompt : prompt }
}
