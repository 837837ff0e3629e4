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
                "🤖 Agents run on '\(result.choice.cli)'." + (result.choice.reason.map { " \($0)" } ?? ""),
                "🚀 Run 'tt spawn NAME' to add an agent",
            ]
        }
    }

    /// What `init` made.
    struct Made: Encodable {
        var name: String
        var root: String
        var configuration: String
        /// Always false: `.tt` holds a `.gitignore` of its own, and the user's is never written.
        var gitignoreChanged = false
        /// False where the list of the user's towns could not be written.
        var registered: Bool
        /// The CLI that agents get unless another is named.
        var choice: CLIChoice
        var cli: String { choice.cli }

        enum CodingKeys: String, CodingKey {
            case name, root, registered
            case configuration = "file"
            case cli = "default_cli"
            case gitignoreChanged = "gitignore_changed"
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(name, forKey: .name)
            try values.encode(root, forKey: .root)
            try values.encode(configuration, forKey: .configuration)
            try values.encode(gitignoreChanged, forKey: .gitignoreChanged)
            try values.encode(registered, forKey: .registered)
            try values.encode(cli, forKey: .cli)
        }
    }

    private static func make(_ context: CommandContext) async throws -> Made {
        let (option, word) = (context.arguments.string("name"), context.arguments.positional("NAME"))
        if let option, let word, option != word {
            throw CommandFailure.usage("the town can't have two names: '\(option)' and '\(word)'")
        }
        let asked = option ?? word
        if let asked, let problem = TownName.problem(with: asked) {
            throw CommandFailure.usage("the town's name \(problem)")
        }
        let path = context.arguments.string("town") ?? context.parts.folder
        let folder = path.hasPrefix("/") ? path : context.parts.folder + "/" + path
        try await askWhereTooMuchIsBelow(folder, context)
        let made = try await TownMaker(home: context.home, openStore: context.parts.openStore)
            .make(
                folder, name: asked,
                usesSocket: ["1", "true"].contains(context.environment["TT_USE_SOCKET"]?.lowercased()))
        if let aside = made.registryPutAside {
            context.warn("the list of towns could not be read; it was put aside as \(aside)")
        }
        if let problem = made.registryProblem {
            context.warn("the town is not in the list of towns: \(CommandFailure(problem).text)")
        }
        let choice = try GlobalConfiguration.load(home: context.home)
            .cli(
                asked: nil, town: try TownConfiguration.load(root: made.root).0, path: context.environment["PATH"])
        return Made(
            name: made.name, root: made.root, configuration: TownFiles(root: made.root).configuration,
            registered: made.registryProblem == nil, choice: choice)
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
