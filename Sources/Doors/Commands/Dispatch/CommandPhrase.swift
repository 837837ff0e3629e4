import Operations

/// Words remedies as command lines.
enum CommandPhrase {
    /// `see all tasks: tt task list`.
    static func text(_ remedy: Remedy) -> String {
        switch remedy {
        case .text(let text): return text
        case .field(let name, let why): return "\(why) --\(name.hyphenated)"
        case .operation(let name, let arguments, let why):
            let command = line(name, arguments)
            return why.isEmpty ? command : "\(why): \(command)"
        }
    }

    /// All remedies as one hint; nil if there is none.
    static func hint(_ remedies: [Remedy]) -> String? {
        remedies.isEmpty ? nil : remedies.map(text).joined(separator: "; or ")
    }

    /// The command that calls an operation with these fields.
    static func line(_ operation: String, _ arguments: Remedy.Arguments = [:]) -> String {
        guard let binding = CommandBinding.of(operation) else { return "tt \(operation)" }
        var words = ["tt"] + binding.command
        for argument in arguments.fields {
            switch binding.places[argument.name] {
            case .positional: words.append(quoted(argument.value))
            case .option(let option):
                words.append("--\(option)")
                if argument.value != "true" { words.append(quoted(argument.value)) }
            case .flagOfValue: words.append("--\(argument.value)")
            case nil: break
            }
        }
        return words.joined(separator: " ")
    }

    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty && value.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.+/:,".contains($0)) }
        return isPlain ? value : "\"\(value)\""
    }
}

extension String {
    /// `depends_on` as an option says it: `depends-on`.
    var hyphenated: String { String(map { $0 == "_" ? "-" : $0 }) }
}
