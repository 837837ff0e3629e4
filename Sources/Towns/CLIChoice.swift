public import Configuration
import Harnesses
import Presets

/// Which CLI a new agent gets, and why.
public struct CLIChoice: Sendable, Equatable {
    public enum Source: Sendable, Equatable {
        /// It was asked for.
        case asked
        /// `default_cli` of the town, or of the user.
        case configured
        /// Nobody said anything: it is the first one that is installed. With the others that are.
        case installed(others: [String])
        /// Nobody said anything, and none is installed.
        case nothing
    }

    public var cli: String
    public var source: Source

    /// Why it is this one and how to change that; nil if somebody chose it.
    public var reason: String? {
        switch source {
        case .asked, .configured: nil
        case .installed(let others):
            others.isEmpty
                ? "It is the agent CLI that is installed here. Another default: tt config default_cli NAME"
                : "It is the first of those installed here (also: \(others.joined(separator: ", "))). "
                    + "Another default: tt config default_cli NAME"
        case .nothing:
            "No agent CLI is installed yet (\(CLIPreset.all.map(\.name).joined(separator: ", "))). "
                + "Another default: tt config default_cli NAME"
        }
    }
}

extension GlobalConfiguration {
    /// The CLI of an agent: what was asked for, else the town's default, else the user's, else the first preset whose
    /// program is installed, else `claude`.
    /// - Parameter path: the folders of programs, as `PATH` names them.
    public func cli(asked: String?, town: TownConfiguration, path: String?) -> CLIChoice {
        func given(_ text: String?) -> String? { text.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 } }
        if let asked = given(asked) { return CLIChoice(cli: asked, source: .asked) }
        if let cli = given(town.defaultCLI) ?? given(defaultCLI) { return CLIChoice(cli: cli, source: .configured) }
        var programs: Set<String> = []
        // Presets of one program are one CLI.
        let found = HarnessRegistry.available(path: path ?? "").filter { programs.insert($0.program).inserted }
        guard let first = found.first else { return CLIChoice(cli: CLIPreset.all[0].name, source: .nothing) }
        return CLIChoice(cli: first.name, source: .installed(others: found.dropFirst().map(\.name)))
    }
}
