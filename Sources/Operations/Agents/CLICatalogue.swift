import Configuration

/// The agent CLIs that a door's surroundings know, for operations that give an agent one.
public protocol CLICatalogue: Sendable {
    /// The CLI of a new agent: what was asked for, else a default. `reason` says for people why it is this one; nil if
    /// somebody chose it.
    func choice(asked: String?) -> (cli: String, reason: String?)

    /// Those that have a name: presets apart, an agent may give others no other in its turns.
    var names: Set<String> { get }

    /// Whether a CLI is a preset or has a name; anything else is a command line that somebody chose.
    func isKnown(_ cli: String) -> Bool

    /// What a person should know of a CLI before an agent gets it, in whole sentences without a full stop.
    /// - Throws: `unknown_cli` for one that means nothing.
    func warnings(about cli: String) throws(OperationError) -> [String]
}

extension OperationError.Code {
    /// There is no CLI of this name, and it is no command line.
    public static let unknownCLI = Self("unknown_cli", .notFound)
    /// A file brings command lines that nobody here has chosen.
    public static let foreignCLIs = Self("foreign_clis", .forbidden)
}

extension OpenTown {
    /// A CLI that the caller may give to an agent, and what a person should know of it.
    /// - Throws: `unknown_cli`; `needsPerson` for one that agents may not give others.
    func checked(_ cli: String, role: String?) throws -> [String] {
        let clis = try clis()
        let isNamed =
            configuration.agentCLIs[cli] != nil || configuration.defaultCLI == cli
            || clis?.names.contains(cli) == true
        try check(.spawn(cli: cli, isNamed: isNamed, role: role))
        return try clis?.warnings(about: cli) ?? []
    }
}
