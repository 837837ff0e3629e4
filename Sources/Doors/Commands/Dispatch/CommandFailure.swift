import Arguments
import Configuration
import Files
import Model
import Operations
import Processes
import Terminal

/// The exit codes of every command.
public enum ExitCode: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    case usage = 2
    case notFound = 3
    case conflict = 4
    case unavailable = 5
    /// What was waited for has not happened in the time that was given.
    case timedOut = 6
    /// Nothing goes on before a person has decided or mended something.
    case needsPerson = 7
}

/// An error as a command reports it: one line on standard error, or one a finding, and an exit code.
public struct CommandFailure: Error, Sendable, Equatable {
    public var exit: ExitCode
    /// The machine-readable name, as `--json` shows it.
    public var code: String
    public var message: String
    public var hint: String?

    public init(_ exit: ExitCode, code: String, _ message: String, hint: String? = nil) {
        self.exit = exit
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// A command line that cannot be carried out as it is.
    public static func usage(_ message: String, hint: String? = nil) -> Self {
        Self(.usage, code: "usage", message, hint: hint)
    }

    /// The one place where errors of every layer become exit codes.
    public init(_ error: any Error, program: String = "tt") {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as OperationError: self.init(error)
        case let error as StoreError: self.init(OperationError(error))
        case let error as ArgumentsError:
            let command = ([program] + error.path + ["--help"]).joined(separator: " ")
            self.init(.usage, code: "usage", error.message, hint: "see: \(command)")
        case let error as ConfigurationError:
            switch error.code {
            case .notInitialized: self.init(.notFound, code: "not_initialized", error.message)
            case .alreadyInitialized: self.init(.conflict, code: "already_initialized", error.message)
            case .unknownKey: self.init(.usage, code: "unknown_key", error.message)
            case .invalid: self.init(.failed, code: "invalid_configuration", error.message)
            case .unreadable: self.init(.unavailable, code: "unreadable", error.message)
            case .unsafe: self.init(.needsPerson, code: "unsafe", error.message)
            case .untrusted: self.init(.needsPerson, code: "untrusted", error.message)
            case .foreignState: self.init(.conflict, code: "foreign_state", error.message)
            }
        case let error as FileError:
            let code = error.isUnsafe ? "unsafe_file" : error.isDiskFull ? "disk_full" : "file"
            self.init(.unavailable, code: code, error.description)
        case let error as ProcessError where error.code == .unsafeFile:
            self.init(.unavailable, code: "unsafe_file", error.message)
        case is CancellationError: self.init(.failed, code: "cancelled", "interrupted")
        default: self.init(.failed, code: "failed", String(describing: error))
        }
    }

    private init(_ error: OperationError) {
        let (exit, code): (ExitCode, String) =
            switch error.code.kind {
            case .notFound where error.code == .unknownCLI: (.notFound, error.code.name)
            case .notFound: (.notFound, "not_found")
            case .conflict: (.conflict, "conflict")
            case .invalid: (.usage, "invalid")
            case .unauthenticated: (.conflict, "not_your_turn")
            case .forbidden: (.needsPerson, "needs_person")
            case .tooLarge: (.conflict, "too_large")
            case .tooMany: (.unavailable, "limit")
            case .unavailable: (.unavailable, "unavailable")
            case .timedOut: (.timedOut, "timed_out")
            case .failed: (.failed, "failed")
            }
        self.init(exit, code: code, error.message, hint: CommandPhrase.hint(error.remedies))
    }

    /// The message, and the hint as a sentence of its own.
    public var text: String {
        let message = Self.begun(message)
        guard let hint, let first = hint.first else { return message }
        let advice = hint.hasPrefix("tt ") ? "Try: \(hint)" : first.uppercased() + hint.dropFirst()
        if message.contains("\n") { return "\(message)\n\(advice)" }
        return message.hasSuffix("?") || message.hasSuffix(".") ? "\(message) \(advice)" : "\(message). \(advice)"
    }

    // All errors start alike: with a small letter behind `error:`, unless a name comes first.
    private static func begun(_ message: String) -> String {
        let articles = ["The ", "There ", "This ", "It ", "A ", "An ", "No ", "Its "]
        guard articles.contains(where: { message.hasPrefix($0) }), let first = message.first else { return message }
        return first.lowercased() + message.dropFirst()
    }

    /// The line for standard error, made safe for a terminal.
    func report(json: Bool) -> String {
        guard json else {
            // Several findings have a line each.
            let lines = text.split(separator: "\n").map { TerminalText.line(String($0)) }
            return "error: " + lines.joined(separator: "\n       ") + "\n"
        }
        struct Report: Encodable {
            struct Body: Encodable {
                @OrNull var hint: String?
                var code: String
                var message: String
            }
            var error: Body
        }
        let report = Report(error: Report.Body(hint: hint, code: code, message: message))
        return ((try? JSONText.line(report)) ?? "{\"error\":{\"code\":\"failed\"}}") + "\n"
    }
}
