import Arguments
import Operations

/// The help of a command as `--json` prints it.
struct HelpView: Encodable {
    struct OptionView: Encodable {
        var name: String
        @OrNull var short: String?
        /// What stands for the value; null for a flag.
        @OrNull var value: String?
        @OrNull var standard: String?
        /// Values that may be given; null where any may.
        @OrNull var choices: [String]?
        var repeatable: Bool
        var help: String

        enum CodingKeys: String, CodingKey {
            case name, short, value, choices, repeatable, help
            case standard = "default"
        }
    }
    struct ArgumentView: Encodable {
        var name: String
        var required: Bool
        var repeatable: Bool
        @OrNull var choices: [String]?
        var help: String
    }
    struct ExampleView: Encodable {
        var line: String
        var meaning: String
    }
    struct ExitView: Encodable {
        var code: Int32
        var meaning: String
    }
    struct CommandView: Encodable {
        var name: String
        var group: String
        var summary: String
    }

    var command: String
    var usage: String
    var summary: String
    var discussion: String
    var arguments: [ArgumentView]
    var options: [OptionView]
    var globalOptions: [OptionView]
    var commands: [CommandView]
    var examples: [ExampleView]
    var exitCodes: [ExitView]
    var seeAlso: [String]

    enum CodingKeys: String, CodingKey {
        case command, usage, summary, discussion, arguments, options, commands, examples
        case globalOptions = "global_options"
        case exitCodes = "exit_codes"
        case seeAlso = "see_also"
    }

    init(_ spec: CommandSpec, path: [String], renderer: HelpRenderer) {
        command = ([CommandLineFace.program] + path).joined(separator: " ")
        usage = renderer.usage(for: spec, path: path)
        (summary, discussion) = (spec.summary, spec.discussion)
        arguments = spec.positionals.map { positional in
            ArgumentView(
                name: positional.name, required: [.one, .many].contains(positional.count),
                repeatable: [.many, .any].contains(positional.count), choices: Self.choices(positional.completion),
                help: positional.help)
        }
        options = spec.options.map(Self.view)
        globalOptions = CommandLineFace.globals.map(Self.view)
        commands = spec.subcommands.filter { !$0.isHidden }.map {
            CommandView(name: $0.name, group: $0.group, summary: $0.summary)
        }
        examples = spec.examples.map { ExampleView(line: $0.line, meaning: $0.meaning) }
        exitCodes = (CommandNotes.exits.prefix(3) + spec.exits).map { ExitView(code: $0.code, meaning: $0.meaning) }
        if path.isEmpty { exitCodes = CommandNotes.exits.map { ExitView(code: $0.code, meaning: $0.meaning) } }
        seeAlso = spec.seeAlso
    }

    private static func view(_ option: Option) -> OptionView {
        OptionView(
            name: option.name, short: option.short.map(String.init), value: option.value, standard: option.standard,
            choices: option.value == nil ? nil : choices(option.completion), repeatable: option.isRepeatable,
            help: option.help)
    }

    private static func choices(_ completion: Completion) -> [String]? {
        if case .values(let values) = completion { values } else { nil }
    }
}
