public import Model

/// How an agent CLI is started, as written under `[agent_clis.NAME]` or as a built-in preset.
public struct HarnessCommand: Sendable, Equatable {
    /// The name by which agents refer to it.
    public var name: String
    /// The command line. Split into words by quotes and backslashes, never given to a shell. The word `{prompt_file}`
    /// stands for a file that holds the prompt; without it the prompt goes to standard input.
    public var command: String
    /// Where it runs: absolute, with a leading `~`, or relative to the town. Nil: where the agent works.
    public var workdir: String?
    /// Variables set for it, over those that it inherits.
    public var environment: [String: String]
    /// Names of variables that it inherits besides those that every agent CLI gets; one that ends in `*` stands for all
    /// that begin so.
    public var pass: [String]

    public init(
        name: String, command: String, workdir: String? = nil, environment: [String: String] = [:], pass: [String] = []
    ) {
        self.name = name
        self.command = command
        self.workdir = workdir
        self.environment = environment
        self.pass = pass
    }

    /// Splits the command line into words.
    ///
    /// - Throws: a `configuration` failure where the text needs a shell, has an open quote, or is empty.
    public func words() throws(Failure) -> [String] { try WordSplitter.words(in: command) }

    /// A word with `~` and `~/` in front replaced by the home folder, as a shell would do.
    static func expanded(_ word: String, home: String) -> String {
        word == "~" || word.hasPrefix("~/") ? home + word.dropFirst() : word
    }
}
