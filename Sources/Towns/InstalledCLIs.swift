public import Configuration
import Model
import Harnesses
public import Operations
import Presets
import Processes
import Secrets

/// The agent CLIs that this user and machine have: presets, configured ones, and command lines.
public struct InstalledCLIs: CLICatalogue {
    private let town: OpenTown
    private let global: GlobalConfiguration
    private let environment: [String: String]

    /// - Parameter environment: where programs are looked for, and what configured commands refer to.
    public init(
        _ town: OpenTown, global: GlobalConfiguration, environment: [String: String]
    ) {
        self.town = town
        self.global = global
        self.environment = environment
    }

    public func choice(asked: String?) -> (cli: String, reason: String?) {
        let choice = global.cli(asked: asked, town: town.configuration, path: environment["PATH"])
        return (choice.cli, choice.reason)
    }

    public var names: Set<String> {
        Set(global.agentCLIs.keys).union([
            global.cli(asked: nil, town: town.configuration, path: environment["PATH"]).cli
        ])
    }

    public func isKnown(_ cli: String) -> Bool {
        town.configuration.agentCLIs[cli] != nil || names.contains(cli) || CLIPreset.matching(command: cli) != nil
    }

    /// A CLI that is only not installed is not an error, because it may be installed soon.
    public func warnings(about cli: String) throws(OperationError) -> [String] {
        let registry = HarnessRegistry(town: town, global: global, environment: environment)
        let words: [String]
        do { words = try registry.resolve(cli).words() } catch { throw OperationError(.unknownCLI, error.message) }
        var warnings: [String] = []
        if Redactor.forms.redacted(commandLine: cli) != cli {
            warnings.append(
                "the command line holds what looks like a key; every user of this machine can read command lines. "
                    + "Set it in the environment, or in tinytown.toml under [agent_clis.NAME.env]")
        }
        if let program = words.first, Executable.find(program, path: environment["PATH"], directory: town.root) == nil {
            warnings.append("'\(program)' is not on your PATH; the agent can't run until you install it")
        }
        return warnings
    }
}
