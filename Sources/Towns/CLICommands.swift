public import Configuration
import Harnesses
public import Model
public import Operations
import Presets

/// The command line that a CLI's name stands for.
public struct CLICommand: Sendable {
    private let command: HarnessCommand
    /// The command line, split into words; never empty.
    public let words: [String]

    init(_ command: HarnessCommand) throws(OperationError) {
        self.command = command
        do { words = try command.words() } catch { throw OperationError(.invalid, error.message) }
    }

    public var name: String { command.name }
    /// The command line as it was written.
    public var text: String { command.command }
    /// Variables that are set for it.
    public var environment: [String: String] { command.environment }

    /// The words that start it in a terminal, with a first prompt.
    /// - Parameters:
    ///   - file: a file that holds the prompt.
    ///   - session: the one to go on with, or to begin where it is not `known`.
    /// - Throws: `invalid` if the command line cannot be split into words.
    public func words(
        inTerminalWith prompt: String, file: String, session: (id: String, known: Bool)
    ) throws(OperationError) -> [String] {
        do { return try TerminalCommand(command, file: file, prompt: prompt, session: session).words } catch {
            throw OperationError(.invalid, error.message)
        }
    }
}

/// The agent CLIs that can be named: presets, configured ones, and command lines.
public struct CLICommands: Sendable {
    private let registry: HarnessRegistry

    /// Those of a town: the presets, over them the user's, over them the town's.
    public init(_ town: OpenTown, global: GlobalConfiguration, environment: [String: String]) {
        registry = HarnessRegistry(town: town, global: global, environment: environment)
    }

    /// - Parameters:
    ///   - clis: what is configured; presets are known besides.
    ///   - folder: where relative commands and folders begin.
    public init(clis: [String: AgentCLI], folder: String, environment: [String: String], time: any TimeSource) {
        registry = HarnessRegistry(clis: clis, folder: folder, environment: environment, time: time)
    }

    /// - Throws: `unknown_cli` if `cli` is neither a known name nor a program; `invalid` if a configured command line
    ///   cannot be split into words.
    public func command(_ cli: String) throws(OperationError) -> CLICommand {
        let command: HarnessCommand
        do { command = try registry.resolve(cli) } catch {
            throw OperationError(.unknownCLI, error.message)
        }
        return try CLICommand(command)
    }

    /// The names of the presets whose program is in one of the folders of `path`, the preferred one first.
    public static func installed(path: String) -> [String] { HarnessRegistry.available(path: path).map(\.name) }
}
