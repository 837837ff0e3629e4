import Model

/// Codex CLI: `exec --json`, and `exec resume` for a thread whose id it chose itself.
struct Codex: Dialect {
    let name: String
    let inherited = EnvironmentFilter.only([
        "OPENAI_*", "CODEX_HOME", "CODEX_API_KEY", "AZURE_OPENAI_*", "OPENROUTER_API_KEY", "RUST_LOG", "GH_TOKEN",
        "GITHUB_TOKEN",
    ])

    init(name: String = "codex") { self.name = name }

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        let words = try command.words()
        var own = Array(words.dropFirst())
        // What stands before the subcommand stays there.
        let split = own.firstIndex { $0 == "exec" || $0 == "e" }
        let before = split.map { Array(own[..<$0]) } ?? []
        if let split { own.removeSubrange(...split) }
        // The prompt comes on standard input, which is said at the end.
        own.removeAll { $0 == "-" }
        var arguments = ArgumentList(own)
        let all = ArgumentList(before + own)
        let settings = all.values(of: ["-c", "--config"])
        func isSet(_ key: String) -> Bool { settings.contains { $0.hasPrefix(key) } }

        let isPersonsOwn = own.contains { $0 == "resume" || $0 == "fork" || $0 == "review" }
        // Without it, what may be written depends on what ran in the folder before.
        if !all.has(Self.sandboxFlags), !isSet("sandbox_mode") {
            // `resume` does not know the flag, so the flag stands before that word.
            arguments.insert(isPersonsOwn ? ["-c", "sandbox_mode=workspace-write"] : ["--sandbox", "workspace-write"])
        }
        var common = ArgumentList()
        if !all.has("--json") { common.insert(["--json"]) }
        if !all.has("--skip-git-repo-check") { common.insert(["--skip-git-repo-check"]) }
        func set(_ key: String, _ value: String) { if !isSet(key) { common.insert(["-c", "\(key)=\(value)"]) } }
        set("analytics.enabled", "false")
        // A login shell reads the machine's profile, which may set PATH anew and hide the town's own `tt`.
        set("allow_login_shell", "false")
        // By default every variable reaches the commands that the model runs; this leaves keys, secrets and tokens out.
        set("shell_environment_policy.ignore_default_excludes", "false")
        if let provider = Self.provider(in: settings) {
            set("model_providers.\(provider).request_max_retries", "1")
            set("model_providers.\(provider).stream_max_retries", "1")
        }
        let features = all.values(of: ["--disable", "--enable"])
        for feature in ["unbounded_connection_retries", "plugins", "apps"] where !features.contains(feature) {
            common.insert(["--disable", feature])
        }
        var line = [words[0]] + before + ["exec"] + arguments.words
        if let session = request.session, !isPersonsOwn {
            line += ["resume"] + common.words + [session.id]
        } else {
            line += common.words
        }
        if !line.contains(where: { $0.contains(Invocation.placeholder) }) { line.append("-") }
        return Invocation(words: line, prompt: request.prompt, scratchFolder: request.scratchFolder)
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        CodexTranscript(wanted: request.session, now: now)
    }

    private static let sandboxFlags = [
        "--sandbox", "-s", "--full-auto", "--dangerously-bypass-approvals-and-sandbox", "--yolo",
    ]

    /// The provider that the command line chooses, without its TOML quotes. Settings of the built-in one are reserved.
    private static func provider(in settings: [String]) -> String? {
        guard let setting = settings.last(where: { $0.hasPrefix("model_provider=") }) else { return nil }
        let value = setting.dropFirst("model_provider=".count).filter { $0 != "\"" && $0 != "'" }
        return value.isEmpty || value == "openai" ? nil : value
    }
}
