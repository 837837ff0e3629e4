public import Model
public import Presets
import Processes
import Text

/// The harnesses of a town: its configured commands, the built-in presets, and any command line.
public struct HarnessRegistry: HarnessSource {
    private let commands: [String: HarnessCommand]
    private let town: String
    private let environment: [String: String]
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - commands: the entries of `[agent_clis]` by their names.
    ///   - town: the town's folder, absolute; a relative `workdir` is below it.
    ///   - environment: this process's variables, of which children inherit what they need.
    ///   - clock: what turns' timers run on.
    ///   - now: the wall clock, for times at which a service will answer again.
    public init(
        commands: [String: HarnessCommand], town: String, environment: [String: String],
        clock: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> Timestamp
    ) {
        self.commands = commands
        self.town = town
        self.environment = environment
        self.clock = clock
        self.now = now
    }

    /// The same with other variables to inherit from.
    public func with(_ environment: [String: String]) -> HarnessRegistry {
        HarnessRegistry(commands: commands, town: town, environment: environment, clock: clock, now: now)
    }

    /// The harness that the agent's `cli` means.
    public func harness(for agent: Agent) throws(Failure) -> any Harness { try harness(named: agent.cli) }

    /// The harness that `cli` means: the name of an entry, an entry's command line, a preset, or a command line.
    ///
    /// - Throws: a `configuration` failure where the command cannot be split into words, or where one word is neither
    ///   a known name nor a program.
    public func harness(named cli: String) throws(Failure) -> any Harness {
        let command = try resolve(cli)
        let words = try command.words()
        return ProcessHarness(
            name: command.name, command: command, dialect: CLIPreset.dialect(of: words), town: town,
            inherited: environment, clock: clock, now: now)
    }

    /// The command that `cli` means, with a preset's command in place of its name.
    ///
    /// - Throws: as `harness(named:)`.
    public func resolve(_ cli: String) throws(Failure) -> HarnessCommand {
        let text = cli.trimmed
        if var entry = commands[text]
            ?? commands.values.sorted(by: { $0.name < $1.name }).first(where: {
                $0.command.trimmed == text
            })
        {
            if let preset = CLIPreset.matching(command: entry.command.trimmed) {
                entry.command = preset.command
            }
            return entry
        }
        if let preset = CLIPreset.matching(command: text) {
            return HarnessCommand(name: preset.name, command: preset.command)
        }
        let command = HarnessCommand(name: text, command: text)
        let words = try command.words()
        if words.count == 1, Executable.find(located(words[0]), path: environment["PATH"], directory: town) == nil {
            throw unknown(words[0])
        }
        return command
    }

    public func isAvailable(_ cli: String) -> Bool {
        guard let command = try? resolve(cli), let program = try? command.words().first else { return false }
        let path = command.environment["PATH"] ?? environment["PATH"]
        // Where it has a folder of its own, a path may be meant from there; that is found out when it runs.
        return (command.workdir != nil && program.contains("/"))
            || Executable.find(located(program), path: path, directory: town) != nil
    }

    private func located(_ program: String) -> String {
        HarnessCommand.expanded(program, home: environment["HOME"] ?? "/")
    }

    /// The names that can be used, in alphabetical order.
    public var names: [String] { Set(commands.keys).union(CLIPreset.all.map(\.name)).sorted() }

    /// The presets whose program is in one of the folders of `path`, in the order of `CLIPreset.all`.
    public static func available(path: String) -> [CLIPreset] {
        CLIPreset.all.filter { Executable.find($0.program, path: path) != nil }
    }

    private func unknown(_ word: String) -> Failure {
        let known = names
        var message = "There is no agent CLI '\(word)', and no program of that name is on the PATH."
        if let name = Suggestion.closest(to: word, among: known) {
            message += " Did you mean '\(name)'?"
        } else {
            message += " Known are \(known.joined(separator: ", ")); or add [agent_clis.\(word)] to the configuration."
        }
        return Failure(.missingProgram, message)
    }
}
