import Arguments
import Configuration
import Files
import Model
import Operations
import Terminal
import Towns

enum InitCommand {
    static let command = Command(
        CommandSpec(
            "init", "Create a town in this folder", group: Group.town,
            options: [
                .value("name", "n", "NAME", "the town's name", standard: "repository and branch, or the folder"),
                .flag("yes", "y", "don't ask, in / or the home folder either"),
            ],
            positionals: [Positional("NAME", .optional, "the town's name, as with --name")],
            examples: [
                Example("tt init", "name it after the repository and its branch"),
                Example("tt --town ~/work/shop init --name shop", "another folder, which is created if needed"),
            ],
            discussion: "Nothing is overwritten: a folder that is already a town is left unchanged. With "
                + "TT_USE_SOCKET=1 in the environment the town keeps its state in a Redis of its own, on a Unix socket."
        )
    ) { context in
        let result = try await make(context)
        try context.show(result) { result in
            [
                "✨ Initialized town '\(TerminalText.line(result.name))' at \(TerminalText.line(result.root))",
                "💾 Its state is kept in \(TerminalText.line(TownFiles(root: result.root).state))",
                "🤖 Agents run on '\(result.defaultCLI)'." + (result.cliReason.map { " \($0)" } ?? ""),
                "🚀 Run 'tt spawn NAME' to add an agent",
            ]
        }
    }

    private static func make(_ context: CommandContext) async throws -> InitTown.Output {
        let (option, word) = (context.arguments.string("name"), context.arguments.positional("NAME"))
        if let option, let word, option != word {
            throw CommandFailure.usage("the town can't have two names: '\(option)' and '\(word)'")
        }
        let asked = option ?? word
        let path = context.arguments.string("town") ?? context.parts.folder
        let folder = path.hasPrefix("/") ? path : context.parts.folder + "/" + path
        try await askWhereTooMuchIsBelow(folder, context)
        let made = try await context.call(InitTown.self, .init(folder: folder, name: asked))
        for warning in made.warnings { context.warn(warning) }
        return made
    }

    /// Agents may change everything below a town, so one of `/` or of the home folder is hardly ever meant.
    private static func askWhereTooMuchIsBelow(_ folder: String, _ context: CommandContext) async throws {
        guard let root = try? Files.canonical(folder), !context.arguments.flag("yes"),
            !Files.exists(TownFiles(root: root).configuration)
        else { return }
        let home = context.environment["HOME"].flatMap { try? Files.canonical($0) }
        guard root == "/" || root == home else { return }
        let place = root == "/" ? "/ is the whole file system" : "\(TerminalText.line(root)) is your home folder"
        let hint = "make the town in a project's folder: tt --town FOLDER init; or confirm with: tt init --yes"
        guard context.canAsk else {
            throw CommandFailure(
                .needsPerson, code: "needs_confirmation", "\(place), and agents could change everything in it",
                hint: hint)
        }
        context.console.writeError("\(place), and agents could change everything in it.\n")
        guard await context.confirms("Create a town there? [y/N] ") else {
            throw CommandFailure(.needsPerson, code: "needs_confirmation", "no town was created", hint: hint)
        }
    }
}
