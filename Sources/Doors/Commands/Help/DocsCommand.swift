public import Arguments
import Files
import Operations

/// Writes `docs/commands/`: the pages are kept with the code, and a test holds them to the declarations.
enum DocsCommand {
    static let command = Command(
        CommandSpec(
            "__docs", "Write a page for each command",
            positionals: [Positional("FOLDER", .one, "where the pages go", completion: .folder)], isHidden: true)
    ) { context in
        let folder = context.arguments.required("FOLDER")
        try Files.makeFolder(folder, mode: 0o755)
        try Files.write(DoctorPage.text, to: Files.parent(of: folder) + "/doctor.md", mode: 0o644)
        let pages = CommandPages.all(outputs: try RecordedOutputs.read("\(folder)/\(CommandPages.outputs)"))
        for (name, text) in pages { try Files.write(text, to: "\(folder)/\(name)", mode: 0o644) }
    }

    static let manualCommand = Command(
        CommandSpec(
            "__man", "Write the manual pages",
            positionals: [
                Positional("FOLDER", .one, "where the pages go", completion: .folder),
                Positional("OUTPUTS", .optional, "the recorded output of examples", completion: .file),
            ], isHidden: true)
    ) { context in
        let folder = context.arguments.required("FOLDER")
        try Files.makeFolder(folder, mode: 0o755)
        let outputs = try context.arguments.positional("OUTPUTS").map { try RecordedOutputs.read($0) }
        for (name, text) in CommandPages.manual(outputs: outputs ?? RecordedOutputs()) {
            try Files.write(text, to: "\(folder)/\(name)", mode: 0o644)
        }
    }
}

extension RecordedOutputs {
    /// Those in a file; none where there is no file.
    static func read(_ path: String) throws -> RecordedOutputs {
        RecordedOutputs(try Files.text(path) ?? "")
    }
}

/// The pages of every command, by the names of their files.
public enum CommandPages {
    /// Where the pages' folder keeps what examples printed; Tests/Examples/run.py writes and checks it.
    public static let outputs = "outputs.txt"

    public static func all(outputs: RecordedOutputs) -> [String: String] {
        let face = CommandLineFace(commands: CommandTable.all, version: Version.current)
        let writer = MarkdownPage(program: CommandLineFace.program, outputs: outputs)
        var pages = ["README.md": writer.index(of: face.root, globals: CommandLineFace.globals)]
        for command in face.root.subcommands where !command.isHidden {
            pages["\(command.name).md"] = writer.page(for: command, path: [command.name])
        }
        return pages
    }

    /// Manual pages: `tt.1`, and `tt-COMMAND.1` for each command.
    public static func manual(outputs: RecordedOutputs) -> [String: String] {
        let face = CommandLineFace(commands: CommandTable.all, version: Version.current)
        let program = CommandLineFace.program
        let writer = ManualPage(
            program: program, version: Version.current, globals: CommandLineFace.globals, outputs: outputs)
        var pages = [
            "\(program).1": writer.page(
                of: face.root, environment: CommandNotes.environment, exits: CommandNotes.exits)
        ]
        for command in face.root.subcommands where !command.isHidden {
            pages["\(program)-\(command.name).1"] = writer.page(for: command)
        }
        return pages
    }
}
