import Text

/// One command, declared once: parsing, help, documentation pages and shell completion all come from it.
public struct CommandSpec: Sendable {
    public var name: String
    /// One line, without a full stop.
    public var summary: String
    /// Paragraphs for the command's own help.
    public var discussion: String
    /// The heading under which the parent's help lists it.
    public var group: String
    public var options: [Option]
    public var positionals: [Positional]
    public var examples: [Example]
    public var subcommands: [CommandSpec]
    /// Sets of long names of which at most one may be given.
    public var exclusive: [[String]]
    public var isHidden: Bool
    /// Other names that are understood, but neither listed nor completed.
    public var aliases: [String]
    /// Words that people try in place of a subcommand, and what to use: a clause, shown when one is given.
    public var elsewhere: [String: String] = [:]
    /// What its exit codes mean, apart from 0: done, 1: failed and 2: invalid usage, which all commands have.
    public var exits: [ExitMeaning] = []
    /// Other commands, by their words after the program's name, and pages of the documentation.
    public var seeAlso: [String] = []

    public init(
        _ name: String, _ summary: String, group: String = "", options: [Option] = [], positionals: [Positional] = [],
        examples: [Example] = [], subcommands: [CommandSpec] = [], exclusive: [[String]] = [], isHidden: Bool = false,
        aliases: [String] = [], discussion: String = ""
    ) {
        self.name = name
        self.summary = summary
        self.group = group
        self.options = options
        self.positionals = positionals
        self.examples = examples
        self.subcommands = subcommands
        self.exclusive = exclusive
        self.isHidden = isHidden
        self.aliases = aliases
        self.discussion = discussion
    }

    /// Whether `word` names this command.
    public func isCalled(_ word: String) -> Bool { name == word || aliases.contains(word) }

    /// What to say of a word that is no subcommand: what to use instead, or the closest that there is.
    public func unknown(_ word: String) -> String {
        if let instead = elsewhere[word.lowercased()] { return "there is no command '\(word)': \(instead)" }
        let known = subcommands.filter { !$0.isHidden }.flatMap { [$0.name] + $0.aliases }
        let hint = Suggestion.closest(to: word, among: known).map { "; did you mean '\($0)'?" } ?? ""
        return "unknown command '\(word)'\(hint)"
    }
}

/// A command line, and what it does.
public struct Example: Sendable, Equatable {
    public var line: String
    public var meaning: String

    public init(_ line: String, _ meaning: String) {
        self.line = line
        self.meaning = meaning
    }
}

/// An exit code, and when a command ends with it.
public struct ExitMeaning: Sendable, Equatable {
    public var code: Int32
    /// A condition, without a full stop.
    public var meaning: String

    public init(_ code: Int32, _ meaning: String) {
        self.code = code
        self.meaning = meaning
    }
}

/// What a shell offers for a value.
public enum Completion: Sendable, Equatable {
    case none, file, folder
    case values([String])
    /// Asked of the program itself: `PROGRAM __complete KIND PREFIX` prints one candidate a line.
    case dynamic(String)
}

/// An option of a command.
public struct Option: Sendable {
    public var name: String
    public var short: Character?
    /// What stands for the value in help texts; nil for a flag.
    public var value: String?
    public var help: String
    /// The default, as it is shown.
    public var standard: String?
    public var completion: Completion
    /// May be given several times.
    public var isRepeatable: Bool
    /// Other long names, or letters, that are understood, but neither listed nor completed.
    public var aliases: [String] = []

    /// A switch.
    public static func flag(_ name: String, _ short: Character? = nil, _ help: String) -> Option {
        Option(name: name, short: short, value: nil, help: help, standard: nil, completion: .none, isRepeatable: false)
    }

    /// The same option, which also answers to `names`: long ones, or single letters.
    public func alias(_ names: String...) -> Option {
        var option = self
        option.aliases += names
        return option
    }

    func isCalled(_ name: String) -> Bool { self.name == name || (name.count > 1 && aliases.contains(name)) }

    func isCalled(_ letter: Character) -> Bool { short == letter || aliases.contains(String(letter)) }

    /// An option that takes a value.
    public static func value(
        _ name: String, _ short: Character? = nil, _ value: String, _ help: String, standard: String? = nil,
        completion: Completion = .none, isRepeatable: Bool = false
    ) -> Option {
        Option(
            name: name, short: short, value: value, help: help, standard: standard, completion: completion,
            isRepeatable: isRepeatable)
    }
}

/// An argument without a dash.
public struct Positional: Sendable {
    public enum Count: Sendable { case one, optional, many, any }

    public var name: String
    public var count: Count
    public var help: String
    public var completion: Completion

    public init(_ name: String, _ count: Count = .one, _ help: String, completion: Completion = .none) {
        self.name = name
        self.count = count
        self.help = help
        self.completion = completion
    }

    /// As it stands in a usage line.
    var usage: String {
        switch count {
        case .one: name
        case .optional: "[\(name)]"
        case .many: "\(name)…"
        case .any: "[\(name)…]"
        }
    }
}
