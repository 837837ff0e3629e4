/// Writes help texts from declarations.
public struct HelpRenderer: Sendable {
    private let program: String
    private let globals: [Option]
    private let width: Int
    private let isStyled: Bool

    /// - Parameters:
    ///   - width: columns to wrap at, at least 40.
    ///   - isStyled: whether headings are bold.
    public init(program: String, globals: [Option], width: Int = 80, isStyled: Bool = false) {
        self.program = program
        self.globals = globals
        self.width = max(40, width)
        self.isStyled = isStyled
    }

    /// The help of the command at `path` below `root`.
    public func help(for command: CommandSpec, path: [String]) -> String {
        var sections: [String] = []
        sections.append(wrap(command.summary + ".", indent: 0))
        sections.append(heading("Usage") + "\n  " + usage(for: command, path: path))
        if !command.discussion.isEmpty {
            sections.append(
                command.discussion.split(separator: "\n", omittingEmptySubsequences: false)
                    .map { $0.hasPrefix(" ") ? String($0) : wrap(String($0), indent: 0) }.joined(separator: "\n"))
        }
        sections += subcommands(of: command)
        if !command.positionals.isEmpty {
            sections.append(table("Arguments", command.positionals.map { ($0.usage, $0.help) }))
        }
        if !command.options.isEmpty { sections.append(table("Options", command.options.map(row))) }
        sections.append(table("Everywhere", globals.map(row)))
        if !command.examples.isEmpty {
            let lines = command.examples.map { "  \($0.line)\n      \($0.meaning)" }
            sections.append(heading("Examples") + "\n" + lines.joined(separator: "\n"))
        }
        if !command.exits.isEmpty {
            sections.append(table("Exit codes", command.exits.map { ("\($0.code)", $0.meaning) }))
        }
        if !command.seeAlso.isEmpty {
            sections.append(heading("See also") + "\n  " + wrap(references(command).joined(separator: ", "), indent: 2))
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    /// The line that shows how the command is called.
    public func usage(for command: CommandSpec, path: [String]) -> String {
        var words = [program] + path
        if !command.subcommands.isEmpty { words.append(command.positionals.isEmpty ? "COMMAND" : "[COMMAND]") }
        words += command.positionals.map(\.usage)
        if !command.options.isEmpty { words.append("[options]") }
        return words.joined(separator: " ")
    }

    /// Commands with the program's name, and pages as they are.
    private func references(_ command: CommandSpec) -> [String] {
        command.seeAlso.map { $0.hasSuffix(".md") ? $0 : "\(program) \($0)" }
    }

    private func subcommands(of command: CommandSpec) -> [String] {
        var groups: [(name: String, rows: [(String, String)])] = []
        for sub in command.subcommands where !sub.isHidden {
            let name = sub.group.isEmpty ? "Commands" : sub.group
            if let index = groups.firstIndex(where: { $0.name == name }) {
                groups[index].rows.append((sub.name, sub.summary))
            } else {
                groups.append((name, [(sub.name, sub.summary)]))
            }
        }
        let column = groups.flatMap(\.rows).map(\.0.count).max() ?? 0
        return groups.map { table($0.name, $0.rows, column: column) }
    }

    private func row(_ option: Option) -> (String, String) {
        var left = option.short.map { "-\($0), " } ?? "    "
        left += "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
        return (left, option.help + (option.standard.map { " (default: \($0))" } ?? ""))
    }

    private func table(_ title: String, _ rows: [(String, String)], column: Int? = nil) -> String {
        let column = min(column ?? rows.map(\.0.count).max() ?? 0, 28)
        let lines = rows.map { left, right in
            let text = wrap(right, indent: column + 4)
            if left.count > column { return "  \(left)\n" + String(repeating: " ", count: column + 4) + text }
            return "  " + left + String(repeating: " ", count: column - left.count + 2) + text
        }
        return heading(title) + "\n" + lines.joined(separator: "\n")
    }

    // The first line has no indent of its own: it stands where the caller put it.
    private func wrap(_ text: String, indent: Int) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        lines.append(line)
        return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    private func heading(_ text: String) -> String { isStyled ? "\u{1B}[1m\(text)\u{1B}[0m" : "\(text):" }
}
