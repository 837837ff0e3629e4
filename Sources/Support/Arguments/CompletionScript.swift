/// Writes shell completion scripts from declarations. The scripts ask the program itself for what only it knows.
///
/// A script reads a line as `ArgumentsParser` does: it knows which options take a value, which words are commands, and
/// that nothing behind `--` is an option. Hidden commands are left out.
public struct CompletionScript: Sendable {
    /// The shells that scripts are written for.
    public enum Shell: String, Sendable, CaseIterable { case bash, zsh, fish }

    private let program: String
    private let root: CommandSpec
    private let globals: [Option]

    /// - Parameter globals: options that may stand before or after any command.
    public init(program: String, root: CommandSpec, globals: [Option]) {
        self.program = program
        self.root = root
        self.globals = globals
    }

    /// The whole script: to be sourced, or to be put where the shell looks for completions.
    public func script(for shell: Shell) -> String {
        let places = CompletionPlace.all(below: root)
        switch shell {
        case .bash: return BashCompletionScript(program: program, places: places, globals: globals).text()
        case .zsh: return zsh(around: BashCompletionScript(program: program, places: places, globals: globals))
        case .fish: return FishCompletionScript(program: program, places: places, globals: globals).text()
        }
    }

    // zsh brings an emulation of bash's completion. A file of the function path is first run by a press of TAB, so the
    // last line answers that one; later ones go straight to what `complete` has registered.
    private func zsh(around script: BashCompletionScript) -> String {
        """
        #compdef \(program)
        autoload -U +X bashcompinit && bashcompinit
        \(script.text())if [ "${funcstack[1]}" = _\(program) ]; then _bash_complete \(script.registration); fi

        """
    }
}

/// A command together with the words that lead to it from the program's name.
struct CompletionPlace: Sendable {
    var path: [String]
    var command: CommandSpec

    /// The name of the place in scripts: a space before every word, so no single word of a line can look like two.
    var key: String { path.map { " \($0)" }.joined() }

    var commands: [CommandSpec] { command.subcommands.filter { !$0.isHidden } }

    /// The positionals that a word can be, with the index of the first such word. One that takes many takes the rest.
    var arguments: [(index: Int, positional: Positional)] {
        let last = command.positionals.firstIndex(where: \.takesRest) ?? command.positionals.endIndex
        return command.positionals.prefix(last + 1).enumerated().map { (index: $0.offset, positional: $0.element) }
    }

    /// A command and all that is not hidden below it, parents first.
    static func all(below command: CommandSpec, path: [String] = []) -> [CompletionPlace] {
        let place = CompletionPlace(path: path, command: command)
        return [place] + place.commands.flatMap { all(below: $0, path: path + [$0.name]) }
    }
}

extension Positional {
    /// Takes all words that are left.
    var takesRest: Bool { count == .many || count == .any }
}

extension Option {
    /// The words it is known by, with their dashes.
    var spellings: [String] { ["--\(name)"] + (short.map { ["-\($0)"] } ?? []) }
}
