import Model

/// Auggie: the prompt in a file, the answer as text.
struct Auggie: Dialect {
    let name = "auggie"
    let isStructured = false
    let inherited = EnvironmentFilter.only(["AUGMENT_*", "GH_TOKEN", "GITHUB_*"])

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        let words = try command.words()
        var arguments = ArgumentList(Array(words.dropFirst()))
        arguments.add("--print", unless: "-p")
        arguments.add("--quiet")
        if !arguments.words.contains(where: { $0.contains(Invocation.placeholder) }) {
            arguments.add("--instruction-file", Invocation.placeholder)
        }
        var invocation = Invocation(
            words: [words[0]] + arguments.words, prompt: request.prompt, scratchFolder: request.scratchFolder)
        invocation.environment = ["AUGMENT_DISABLE_AUTO_UPDATE": "1"]
        return invocation
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        TextTranscript(program: "auggie", now: now)
    }
}

/// Aider: the prompt in a file, and an exit status that is 0 whatever happens, so its words decide.
struct Aider: Dialect {
    let name = "aider"
    let isStructured = false
    let inherited = EnvironmentFilter.only([
        "AIDER_*", "OPENAI_*", "ANTHROPIC_*", "GEMINI_*", "OPENROUTER_*", "DEEPSEEK_*", "GROQ_*", "MISTRAL_*",
        "AZURE_*", "OLLAMA_*", "LM_STUDIO_*", "XAI_*", "AWS_*", "VERTEX*", "GOOGLE_*",
    ])

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        let words = try command.words()
        var arguments = ArgumentList(Array(words.dropFirst()))
        // Older configurations end with this flag and nothing behind it.
        if arguments.words.last == "--message" || arguments.words.last == "-m" { arguments.words.removeLast() }
        arguments.add("--yes-always", unless: "--yes")
        arguments.add("--no-pretty", unless: "--pretty")
        arguments.add("--no-stream", unless: "--stream")
        arguments.add("--no-check-update")
        arguments.add("--analytics-disable")
        arguments.add("--no-show-model-warnings")
        arguments.add("--no-gitignore", unless: "--gitignore")
        arguments.add("--no-auto-commits", unless: "--auto-commits")
        if !arguments.words.contains(where: { $0.contains(Invocation.placeholder) }) {
            arguments.add("--message-file", Invocation.placeholder, unless: "--message", "-m", "-f")
        }
        return Invocation(
            words: [words[0]] + arguments.words, prompt: request.prompt, scratchFolder: request.scratchFolder)
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        AiderTranscript(now: now)
    }
}

/// Reads aider's text.
struct AiderTranscript: Transcript {
    private var text: TextTranscript
    private var summaries = AiderSummaries()
    private let now: @Sendable () -> Timestamp

    var record: RunRecord {
        get { text.record }
        set { text.record = newValue }
    }

    init(now: @escaping @Sendable () -> Timestamp) {
        self.now = now
        text = TextTranscript(program: "aider", now: now, textFailure: Self.failure(in:now:))
    }

    mutating func take(_ line: [UInt8]) -> [Observation] {
        let told = text.take(line)
        if let usage = summaries.take(String(decoding: line, as: UTF8.self)) { text.record.spent = usage }
        return told
    }

    func failure(exit: ChildExit, errors: String) -> Failure? { text.failure(exit: exit, errors: errors) }

    /// An answer may speak of errors. Only lines count that begin as aider's own complaints do, outside of fenced blocks,
    /// and behind which no answer came: aider tries again by itself.
    private static func failure(in text: String, now: Timestamp) -> Failure? {
        var failure: Failure?
        var isFenced = false
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("```") || line.hasPrefix("~~~") { isFenced.toggle() }
            guard !isFenced else { continue }
            if line.hasPrefix("Tokens: "), line.hasSuffix(".") {
                failure = nil
            } else if line.hasPrefix("Model "), PhraseMatcher(line).contains(.phrase("has hit a token limit")) {
                failure = Failure(.contextOverflow, FailureText.sentence(String(line)))
            } else if line.hasPrefix("litellm.") {
                let known = FailureText.classify(String(line), now: now)
                failure = known ?? Failure(.unusableOutput, FailureText.sentence(String(line)))
            }
        }
        return failure
    }
}
