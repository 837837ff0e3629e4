import Arguments
import Configuration
import Files
import Model
import Operations
import Terminal

enum InitCommand {
    static let verb = Verb(
        CommandSpec(
            "init", "Make a town of this folder", group: Group.town,
            options: [.value("name", "n", "NAME", "the town's name", standard: "repository and branch, or the folder")],
            positionals: [Positional("NAME", .optional, "the town's name, as with --name")],
            examples: [
                Example("tt init", "name it after the repository and its branch"),
                Example("tt --town ~/work/shop init --name shop", "another folder, which is made if need be"),
            ],
            discussion: "Nothing that is there is overwritten: a folder that is a town already stays as it is.")
    ) { context in
        let result = try await make(context)
        try context.show(result) { result in
            var lines = ["✨ Initialized town '\(TerminalText.line(result.name))' at \(TerminalText.line(result.root))"]
            if result.gitignoreChanged { lines.append("📝 Added .tt to .gitignore") }
            lines.append("💾 Its state is kept in \(TerminalText.line(TownFiles(root: result.root).state))")
            return lines + ["🚀 Run 'tt spawn NAME' to add an agent"]
        }
    }

    /// What `init` made.
    struct Made: Encodable {
        var name: String
        var root: String
        var configuration: String
        var gitignoreChanged: Bool
        /// False where the list of the user's towns could not be written.
        var registered: Bool

        enum CodingKeys: String, CodingKey {
            case name, root, configuration, registered
            case gitignoreChanged = "gitignore_changed"
        }
    }

    private static func make(_ context: CommandContext) async throws -> Made {
        let root = try folder(context)
        let files = TownFiles(root: root)
        try refuseExisting(files)
        let (option, word) = (context.arguments.string("name"), context.arguments.positional("NAME"))
        if let option, let word, option != word {
            throw CommandFailure.usage("the town cannot be called both '\(option)' and '\(word)'")
        }
        let name = option ?? word ?? TownLocator.suggestedName(for: root)
        if let problem = TownName.problem(with: name) { throw CommandFailure.usage("the town's name \(problem)") }

        // The store comes first: a configuration without a store would look like a town that works.
        try files.prepare()
        let configuration = TownConfiguration(name: name)
        try await context.parts.openStore(configuration, files, .readWrite).close()
        // Two at once: one makes the town, the other finds it.
        try Files.locked(files.state + "/init.lock") {
            try refuseExisting(files)
            try Files.write(TownConfiguration.template(name: name, defaultCLI: nil), to: files.configuration)
        }
        let ignored = try files.ignoreInGit()
        return Made(
            name: name, root: root, configuration: files.configuration, gitignoreChanged: ignored,
            registered: register(.init(path: root, name: name), context))
    }

    /// The folder that becomes a town: absolute and without links (W57), made where it does not exist.
    private static func folder(_ context: CommandContext) throws -> String {
        guard let path = context.arguments.string("town") else { return try Files.canonical(context.parts.folder) }
        let absolute = path.hasPrefix("/") ? path : context.parts.folder + "/" + path
        try Files.makeFolder(absolute, mode: 0o755)
        return try Files.canonical(absolute)
    }

    private static func refuseExisting(_ files: TownFiles) throws {
        guard Files.exists(files.configuration) else { return }
        throw ConfigurationError(
            .alreadyInitialized, "\(files.root) is already a town; nothing changed. See it with: tt status")
    }

    // The list serves `tt towns` alone, so that a town whose entry is missing is whole all the same.
    private static func register(_ entry: TownRegistry.Entry, _ context: CommandContext) -> Bool {
        do {
            let registry = TownRegistry(home: context.home)
            if let aside = try registry.register(entry) {
                context.warn("the list of towns could not be read; it was put aside as \(aside)")
            }
            return true
        } catch {
            context.warn("the town is not in the list of towns: \(CommandFailure(error).text)")
            return false
        }
    }
}

extension CommandContext {
    /// One line on standard error; nothing with `--json`.
    func warn(_ message: String) {
        if !wantsJSON { console.writeError("warning: \(TerminalText.line(message))\n") }
    }

    /// The user's folder for what belongs to no town.
    var home: String { GlobalConfiguration.home(environment) }
}
