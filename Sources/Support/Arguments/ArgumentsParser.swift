import Text

/// Turns arguments into values by a command's declaration. Pure: prints nothing, exits never.
public struct ArgumentsParser: Sendable {
    private let root: CommandSpec
    private let globals: [Option]

    /// - Parameter globals: options that may stand before or after any command.
    public init(root: CommandSpec, globals: [Option]) {
        self.root = root
        self.globals = globals
    }

    /// Reads the arguments after the program's name. `help` wins over everything that would be missing.
    public func parse(_ arguments: [String]) throws(ArgumentsError) -> ParsedArguments {
        var state = State(root: root, globals: globals)
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if state.optionsEnded || argument == "-" || !argument.hasPrefix("-") || state.isNegativeNumber(argument) {
                try state.take(word: argument)
            } else if argument == "--" {
                state.optionsEnded = true
            } else if argument.hasPrefix("--") {
                try state.take(long: argument, &rest)
            } else {
                try state.take(short: argument, &rest)
            }
        }
        return try state.finish()
    }

    private struct State {
        var result: ParsedArguments
        let globals: [Option]
        var optionsEnded = false
        var words: [String] = []

        init(root: CommandSpec, globals: [Option]) {
            result = ParsedArguments(path: [], command: root)
            self.globals = globals
        }

        var options: [Option] { result.command.options + globals }

        func isNegativeNumber(_ text: String) -> Bool {
            Double(text) != nil && !options.contains { $0.short?.isNumber ?? false }
        }

        mutating func take(word: String) throws(ArgumentsError) {
            let command = result.command
            guard !command.subcommands.isEmpty, words.isEmpty, !optionsEnded else {
                words.append(word)
                return
            }
            if let next = command.subcommands.first(where: { $0.isCalled(word) }) {
                result.command = next
                result.path.append(next.name)
            } else if command.positionals.isEmpty {
                throw ArgumentsError(.unknownCommand, command.unknown(word), path: result.path)
            } else {
                words.append(word)
            }
        }

        mutating func take(long argument: String, _ rest: inout ArraySlice<String>) throws(ArgumentsError) {
            let body = argument.dropFirst(2)
            let name = String(body.prefix { $0 != "=" })
            guard let option = options.first(where: { $0.isCalled(name) }) else {
                let hint =
                    Suggestion.closest(to: name, among: options.map(\.name)).map { "; did you mean '--\($0)'?" } ?? ""
                throw ArgumentsError(.unknownOption, "unknown option '--\(name)'\(hint)", path: result.path)
            }
            let attached = body.count > name.count ? String(body.dropFirst(name.count + 1)) : nil
            if option.value == nil {
                guard attached == nil else {
                    throw ArgumentsError(.badValue, "--\(name) takes no value", path: result.path)
                }
                try record(option, "")
            } else {
                if let attached {
                    try record(option, attached)
                } else {
                    try record(option, try value(of: option, &rest))
                }
            }
        }

        mutating func take(short argument: String, _ rest: inout ArraySlice<String>) throws(ArgumentsError) {
            var letters = argument.dropFirst()
            while let letter = letters.popFirst() {
                guard let option = options.first(where: { $0.isCalled(letter) }) else {
                    throw ArgumentsError(.unknownOption, "unknown option '-\(letter)'", path: result.path)
                }
                if option.value == nil {
                    try record(option, "")
                } else if letters.isEmpty {
                    try record(option, try value(of: option, &rest))
                } else {
                    try record(option, String(letters.first == "=" ? letters.dropFirst() : letters))
                    letters = ""
                }
            }
        }

        func value(of option: Option, _ rest: inout ArraySlice<String>) throws(ArgumentsError) -> String {
            guard let next = rest.popFirst() else {
                throw ArgumentsError(
                    .missingValue, "--\(option.name) needs a value: --\(option.name) \(option.value ?? "")",
                    path: result.path)
            }
            return next
        }

        mutating func record(_ option: Option, _ value: String) throws(ArgumentsError) {
            if case .values(let allowed) = option.completion, option.value != nil, !allowed.contains(value) {
                let hint = Suggestion.closest(to: value, among: allowed).map { "; did you mean '\($0)'?" } ?? ""
                throw ArgumentsError(
                    .badValue, "--\(option.name) is one of \(allowed.joined(separator: ", ")), not '\(value)'\(hint)",
                    path: result.path)
            }
            if !option.isRepeatable, option.value != nil, result.values[option.name] != nil {
                throw ArgumentsError(.conflict, "--\(option.name) was given twice", path: result.path)
            }
            result.values[option.name, default: []].append(value)
        }

        mutating func finish() throws(ArgumentsError) -> ParsedArguments {
            if result.flag("help") || result.flag("version") { return result }
            let command = result.command
            if command.positionals.isEmpty, !command.subcommands.isEmpty {
                throw ArgumentsError(.missingCommand, "a command is missing", path: result.path)
            }
            for names in command.exclusive {
                let given = names.filter { result.values[$0] != nil }
                guard given.count < 2 else {
                    throw ArgumentsError(
                        .conflict, "--\(given[0]) and --\(given[1]) can't be used together", path: result.path)
                }
            }
            var rest = words[...]
            for positional in command.positionals {
                switch positional.count {
                case .one, .optional:
                    if let word = rest.popFirst() {
                        result.positionals[positional.name] = [word]
                    } else if positional.count == .one {
                        throw missing(positional)
                    }
                case .many, .any:
                    if positional.count == .many, rest.isEmpty { throw missing(positional) }
                    result.positionals[positional.name] = Array(rest)
                    rest = []
                }
            }
            if let extra = rest.first {
                throw ArgumentsError(
                    .unexpectedArgument, "'\(extra)' is one argument too many (a text with spaces needs quotes)",
                    path: result.path)
            }
            return result
        }

        func missing(_ positional: Positional) -> ArgumentsError {
            ArgumentsError(.missingArgument, "\(positional.name) is missing: \(positional.help)", path: result.path)
        }
    }
}
