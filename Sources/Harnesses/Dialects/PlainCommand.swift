import Model

/// Any program: the prompt on standard input or in a file, the answer as text, the outcome as exit status.
struct PlainCommand: Dialect {
    let name = "command"
    let isStructured = false
    let inherited = EnvironmentFilter.common

    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation {
        Invocation(words: try command.words(), prompt: request.prompt, scratchFolder: request.scratchFolder)
    }

    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript {
        TextTranscript(program: "The command", now: now)
    }
}

/// Reads a program that prints text: all of it is the answer.
struct TextTranscript: Transcript {
    var record = RunRecord(wanted: nil)
    private let program: String
    private let now: @Sendable () -> Timestamp
    /// Told by the text alone that a run failed, for programs whose exit status does not.
    private let textFailure: @Sendable (String, Timestamp) -> Failure?
    private var hasCut = false

    /// The longest text that is kept; of a longer one the end is.
    static let longest = 1 << 20

    init(
        program: String, now: @escaping @Sendable () -> Timestamp,
        textFailure: @escaping @Sendable (String, Timestamp) -> Failure? = { _, _ in nil }
    ) {
        self.program = program
        self.now = now
        self.textFailure = textFailure
    }

    mutating func take(_ line: [UInt8]) -> [Observation] {
        let text = FailureText.plain(String(decoding: line, as: UTF8.self))
        if !record.reply.isEmpty { record.reply += "\n" }
        record.reply += text
        var told: [Observation] = [.event(.text(text + "\n"))]
        if record.reply.utf8.count > 2 * Self.longest {
            record.reply = String(decoding: record.reply.utf8.suffix(Self.longest), as: UTF8.self)
            if !hasCut { told.append(.event(.notice("\(program) prints a lot; only the end of it is the answer."))) }
            hasCut = true
        }
        return told
    }

    func failure(exit: ChildExit, errors: String) -> Failure? {
        if exit == .code(0) { return textFailure(record.reply + "\n" + errors, now()) }
        let tail = String(decoding: record.reply.utf8.suffix(4096), as: UTF8.self)
        return ExitVerdict.failure(program: program, exit: exit, errors: errors, output: tail, now: now())
    }
}
