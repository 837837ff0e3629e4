public import Arguments

/// A command and what it does. One file declares one command, with its subcommands where it has any.
public struct Command: Sendable {
    public private(set) var spec: CommandSpec
    let run: @Sendable (CommandContext) async throws -> Void
    let subcommands: [Command]

    /// A command without subcommands.
    public init(_ spec: CommandSpec, _ run: @escaping @Sendable (CommandContext) async throws -> Void) {
        self.spec = spec
        self.run = run
        subcommands = []
    }

    /// A group of commands, such as `task`.
    public init(group spec: CommandSpec, _ commands: [Command]) {
        var spec = spec
        spec.subcommands = commands.map(\.spec)
        self.spec = spec
        subcommands = commands
        run = { _ in }
    }

    /// The same command, which answers to other names as well.
    func called(_ names: [String]) -> Command {
        var command = self
        command.spec.aliases += names
        return command
    }

    /// The innermost command that `path` names below this one.
    func command(at path: ArraySlice<String>) -> Command? {
        guard let name = path.first else { return self }
        return subcommands.first { $0.spec.name == name }?.command(at: path.dropFirst())
    }
}
