import Model

/// What one agent CLI wants on its command line and what it says on its output.
protocol Dialect: Sendable {
    /// The preset's name.
    var name: String { get }
    /// Whether the output is a stream of events that begins at once; false for text that may come only at the end.
    var isStructured: Bool { get }
    /// The variables that it may inherit besides those that every program gets.
    var inherited: EnvironmentFilter { get }

    /// How to start the CLI for `request`.
    ///
    /// - Throws: a `configuration` failure where the command cannot be used.
    func invocation(for request: TurnRequest, command: HarnessCommand) throws(Failure) -> Invocation

    /// A reader of the output of one run.
    func makeTranscript(for request: TurnRequest, now: @escaping @Sendable () -> Timestamp) -> any Transcript

    /// The request to run in place of one that failed in a way that only this CLI knows; nil where there is none.
    func secondTry(after result: HarnessResult, errors: String, of request: TurnRequest) -> TurnRequest?
}

extension Dialect {
    var isStructured: Bool { true }

    func secondTry(after result: HarnessResult, errors: String, of request: TurnRequest) -> TurnRequest? { nil }
}

/// How a CLI is started for one turn.
struct Invocation: Sendable, Equatable {
    /// The program, as a name to be looked up or a path, and its arguments.
    var arguments: [String]
    /// Variables that the dialect sets, unless the person set them.
    var environment: [String: String] = [:]
    /// What goes to standard input, which is then closed.
    var input: [UInt8] = []
    /// A file to be written before the start, readable by nobody else.
    var promptFile: PromptFile?

    /// A file with the prompt.
    struct PromptFile: Sendable, Equatable {
        var path: String
        var text: String
    }

    /// Puts `prompt` into the file that the command names by `{prompt_file}`, else on standard input.
    init(words: [String], prompt: String, scratchFolder: String) {
        arguments = words
        let path = scratchFolder + "/prompt.md"
        for index in words.indices where words[index].contains(Self.placeholder) {
            arguments[index] = Self.replace(Self.placeholder, in: words[index], by: path)
            promptFile = PromptFile(path: path, text: prompt)
        }
        if promptFile == nil { input = Array(prompt.utf8) }
    }

    /// Stands for the prompt's file in a command.
    static let placeholder = "{prompt_file}"

    private static func replace(_ placeholder: String, in word: String, by text: String) -> String {
        word.split(separator: placeholder, omittingEmptySubsequences: false).joined(separator: text)
    }
}

/// Reads what a CLI prints in one run. Pure: the same lines give the same record.
protocol Transcript: Sendable {
    var record: RunRecord { get set }

    /// Takes one line of standard output, without its end.
    mutating func take(_ line: [UInt8]) -> [Observation]

    /// The failure to report where no terminal event told the outcome; nil where the run was a success.
    func failure(exit: ChildExit, errors: String) -> Failure?
}

/// What a line of output means to a run's observer.
enum Observation: Sendable, Equatable {
    case event(HarnessEvent)
    /// The CLI waits for its service and will try again: alive, but not getting on.
    case retrying(Failure)
    /// The turn is over; the process should end soon.
    case ended
    /// It was not over after all: a further one began by itself.
    case working
}

/// How a child process ended.
enum ChildExit: Sendable, Equatable {
    case code(Int32)
    case signal(Int32)
}

/// Why we ended a run ourselves.
enum EndReason: Sendable, Equatable {
    case cancelled
    case turnLimit(Duration)
    /// Nothing but retry notices for too long; the failure is what they said.
    case retries(Failure)
    /// The turn was over, but the process stayed.
    case lingered
}
