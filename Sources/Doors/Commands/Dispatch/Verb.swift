public import Arguments

/// A command and what it does. One file declares one verb, with its subcommands where it has any.
public struct Verb: Sendable {
    public private(set) var spec: CommandSpec
    let run: @Sendable (CommandContext) async throws -> Void
    let subverbs: [Verb]

    /// A verb without subcommands.
    public init(_ spec: CommandSpec, _ run: @escaping @Sendable (CommandContext) async throws -> Void) {
        self.spec = spec
        self.run = run
        subverbs = []
    }

    /// A group of verbs, such as `task`.
    public init(group spec: CommandSpec, _ verbs: [Verb]) {
        var spec = spec
        spec.subcommands = verbs.map(\.spec)
        self.spec = spec
        subverbs = verbs
        run = { _ in }
    }

    /// The same verb, which answers to other names as well.
    func called(_ names: [String]) -> Verb {
        var verb = self
        verb.spec.aliases += names
        return verb
    }

    /// The innermost verb that `path` names below this one.
    func verb(at path: ArraySlice<String>) -> Verb? {
        guard let name = path.first else { return self }
        return subverbs.first { $0.spec.name == name }?.verb(at: path.dropFirst())
    }
}
