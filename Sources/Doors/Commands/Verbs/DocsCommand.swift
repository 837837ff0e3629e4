import Arguments
import Files

/// Writes `docs/commands/`: the pages are kept with the code, and a test holds them to the declarations.
enum DocsCommand {
    static let verb = Verb(
        CommandSpec(
            "__docs", "Write a page for each command",
            positionals: [Positional("FOLDER", .one, "where the pages go", completion: .folder)], isHidden: true)
    ) { context in
        let folder = context.arguments.required("FOLDER")
        try Files.makeFolder(folder, mode: 0o755)
        try Files.write(DoctorPage.text, to: Files.parent(of: folder) + "/doctor.md", mode: 0o644)
        for (name, text) in CommandPages.all { try Files.write(text, to: "\(folder)/\(name)", mode: 0o644) }
    }
}

/// The pages of every command, by the names of their files.
public enum CommandPages {
    public static var all: [String: String] {
        let face = CommandLineFace(verbs: Verbs.all, version: Version.current)
        let writer = MarkdownPage(program: CommandLineFace.program)
        var pages = ["README.md": writer.index(of: face.root, globals: CommandLineFace.globals)]
        for command in face.root.subcommands where !command.isHidden {
            pages["\(command.name).md"] = writer.page(for: command, path: [command.name])
        }
        return pages
    }
}
