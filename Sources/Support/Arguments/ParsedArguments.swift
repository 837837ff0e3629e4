import Text

/// What a command line said.
public struct ParsedArguments: Sendable {
    /// The names of the command and its subcommands, without the program.
    public internal(set) var path: [String]
    /// The innermost command.
    public internal(set) var command: CommandSpec
    var values: [String: [String]] = [:]
    var positionals: [String: [String]] = [:]

    /// True where the flag was given.
    public func flag(_ name: String) -> Bool { values[name] != nil }

    /// The last value given, or nil.
    public func string(_ name: String) -> String? { values[name]?.last }

    /// Every value given, in order.
    public func strings(_ name: String) -> [String] { values[name] ?? [] }

    /// A whole number within `range`.
    /// - Throws: `badValue`.
    public func int(_ name: String, in range: ClosedRange<Int>) throws(ArgumentsError) -> Int? {
        guard let text = string(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let bounds =
                range.upperBound == .max
                ? "from \(range.lowerBound) on" : "from \(range.lowerBound) to \(range.upperBound)"
            throw ArgumentsError(
                .badValue, "--\(name) takes a whole number \(bounds), not '\(text)'", path: path)
        }
        return number
    }

    /// A length of time: `90`, `90s`, `5m`, `1h`, `2d`.
    /// - Throws: `badValue`.
    public func duration(_ name: String) throws(ArgumentsError) -> Duration? {
        guard let text = string(name) else { return nil }
        guard let duration = DurationText.parse(text) else {
            throw ArgumentsError(
                .badValue, "--\(name) takes a time such as 90s, 5m or 1h, not '\(text)'", path: path)
        }
        return duration
    }

    /// The positional called `name`; for one that is required, never nil.
    public func positional(_ name: String) -> String? { positionals[name]?.first }

    /// All values of a repeating positional.
    public func positionalList(_ name: String) -> [String] { positionals[name] ?? [] }

    /// The value of a required positional.
    public func required(_ name: String) -> String {
        guard let value = positional(name) else { preconditionFailure("\(name) is not declared as required") }
        return value
    }
}

/// Why a command line is not understood.
public struct ArgumentsError: Error, Sendable, Equatable {
    public enum Code: Sendable, Equatable {
        case unknownCommand, unknownOption, missingValue, badValue, missingArgument, unexpectedArgument, conflict
        case missingCommand
    }

    public var code: Code
    /// One sentence, with the closest thing that exists where there is one.
    public var message: String
    /// The command in whose help the answer is, without the program's name.
    public var path: [String]

    public init(_ code: Code, _ message: String, path: [String]) {
        self.code = code
        self.message = message
        self.path = path
    }
}
