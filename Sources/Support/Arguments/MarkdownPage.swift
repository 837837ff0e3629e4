/// Writes documentation pages from the same declarations as help texts.
public struct MarkdownPage: Sendable {
    private let help: HelpRenderer
    private let program: String
    private let outputs: RecordedOutputs

    /// - Parameter outputs: what examples printed when they were run.
    public init(program: String, outputs: RecordedOutputs = RecordedOutputs()) {
        self.program = program
        self.outputs = outputs
        help = HelpRenderer(program: program, globals: [])
    }

    /// A command with its subcommands, as one page.
    public func page(for command: CommandSpec, path: [String]) -> String { section(command, path, level: 1) }

    /// A page that leads to the page of each command below `root`, by groups; pages are named `COMMAND.md`.
    /// - Parameter globals: options that stand before or after any command.
    public func index(of root: CommandSpec, globals: [Option]) -> String {
        var text = "# \(program)\n\n\(root.summary).\n"
        var groups: [String] = []
        for command in root.subcommands where !command.isHidden && !groups.contains(command.group) {
            groups.append(command.group)
        }
        for group in groups {
            text += "\n## \(group.isEmpty ? "Commands" : group)\n\n| | |\n|---|---|\n"
            for command in root.subcommands where !command.isHidden && command.group == group {
                text += "| [`\(program) \(command.name)`](\(command.name).md) | \(cell(command.summary)) |\n"
            }
        }
        return text + "\n## Everywhere\n\n" + table(globals.map(row))
    }

    private func section(_ command: CommandSpec, _ path: [String], level: Int) -> String {
        var text = String(repeating: "#", count: level) + " \(([program] + path).joined(separator: " "))\n\n"
        text += "\(command.summary).\n\n```\n\(help.usage(for: command, path: path))\n```\n"
        if !command.discussion.isEmpty { text += "\n\(discussion(command.discussion))\n" }
        let rows = command.positionals.map { ("`\($0.usage)`", $0.help) } + command.options.map(row)
        if !rows.isEmpty { text += "\n" + table(rows) }
        if !command.examples.isEmpty {
            let column = (command.examples.map(\.line.count).max() ?? 0) + 2
            let lines = command.examples.map {
                $0.line + String(repeating: " ", count: column - $0.line.count) + "# " + $0.meaning
            }
            text += "\n```sh\n\(lines.joined(separator: "\n"))\n```\n"
        }
        for (line, output) in outputs.of(command, program: program, path: path) {
            text += "\n```\n$ \(line)\n\(output)\n```\n"
        }
        if !command.exits.isEmpty {
            text += "\n| Exit code | if |\n|---|---|\n"
            text += command.exits.map { "| \($0.code) | \(cell($0.meaning)) |\n" }.joined()
        }
        if !command.seeAlso.isEmpty {
            text += "\nSee also: " + command.seeAlso.map(link).joined(separator: ", ") + ".\n"
        }
        for sub in command.subcommands where !sub.isHidden {
            text += "\n" + section(sub, path + [sub.name], level: min(level + 1, 6))
        }
        return text
    }

    // A command is on the page of its first word, and other pages are in the folder above.
    private func link(_ reference: String) -> String {
        if reference.hasSuffix(".md") { return "[\(reference.dropLast(3))](../\(reference))" }
        let page = reference.split(separator: " ").first.map(String.init) ?? reference
        let anchor = reference.contains(" ") ? "#\(program)-" + String(reference.map { $0 == " " ? "-" : $0 }) : ""
        return "[`\(program) \(reference)`](\(page).md\(anchor))"
    }

    // Indented lines are meant to keep their form.
    private func discussion(_ text: String) -> String {
        var lines: [String] = []
        var isForm = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(" ") != isForm, !(isForm && line.isEmpty) {
                isForm.toggle()
                lines += isForm ? ["", "```"] : ["```", ""]
            }
            lines.append(String(line))
        }
        return (lines + (isForm ? ["```"] : [])).joined(separator: "\n")
    }

    private func row(_ option: Option) -> (String, String) {
        let short = option.short.map { "`-\($0)`, " } ?? ""
        let long = "`--\(option.name)\(option.value.map { " \($0)" } ?? "")`"
        return (short + long, option.help + (option.standard.map { " (default: \($0))" } ?? ""))
    }

    private func table(_ rows: [(String, String)]) -> String {
        "| | |\n|---|---|\n" + rows.map { "| \(cell($0.0)) | \(cell($0.1)) |\n" }.joined()
    }

    private func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
