/// Writes manual pages (man, section 1) from the same declarations as help texts.
public struct ManualPage: Sendable {
    private let program: String
    private let version: String
    private let globals: [Option]
    private let help: HelpRenderer
    private let outputs: RecordedOutputs

    /// - Parameters:
    ///   - globals: options that may stand before or after any command.
    ///   - outputs: what examples printed when they were run.
    public init(program: String, version: String, globals: [Option], outputs: RecordedOutputs = RecordedOutputs()) {
        self.program = program
        self.version = version
        self.globals = globals
        self.outputs = outputs
        help = HelpRenderer(program: program, globals: [])
    }

    /// The page `PROGRAM(1)`: what it is, its commands, and what all of them have in common.
    /// - Parameters:
    ///   - environment: variables and what they do.
    ///   - exits: what exit codes mean, whichever the command.
    public func page(of root: CommandSpec, environment: [(String, String)], exits: [ExitMeaning]) -> String {
        var text = head(program, root.summary)
        text += section("SYNOPSIS") + ".B \(escaped(program))\n.I COMMAND\n.RI [ options ]\n"
        var groups: [String] = []
        for command in root.subcommands where !command.isHidden && !groups.contains(command.group) {
            groups.append(command.group)
        }
        text += section("COMMANDS")
        for group in groups {
            text += ".SS \(quoted(group.isEmpty ? "Commands" : group))\n"
            for command in root.subcommands where !command.isHidden && command.group == group {
                text += ".TP\n.BR \(quoted("\(program)-\(command.name)")) (1)\n\(escaped(command.summary)).\n"
            }
        }
        text += section("OPTIONS") + globals.map(row).joined()
        if !root.examples.isEmpty { text += section("EXAMPLES") + root.examples.map(example).joined() }
        text += section("ENVIRONMENT")
        for (name, meaning) in environment { text += ".TP\n.B \(escaped(name))\n\(escaped(meaning)).\n" }
        text += section("EXIT STATUS") + exits.map(row).joined()
        return text
    }

    /// The page `PROGRAM-COMMAND(1)`, with the command's subcommands.
    public func page(for command: CommandSpec) -> String {
        var text = head("\(program)-\(command.name)", command.summary)
        text += section("SYNOPSIS")
        let subs = command.subcommands.filter { !$0.isHidden }
        if subs.isEmpty || !command.positionals.isEmpty { text += synopsis(command, [command.name]) }
        for (index, sub) in subs.enumerated() {
            text += (index == 0 ? "" : ".br\n") + synopsis(sub, [command.name, sub.name])
        }
        if !command.discussion.isEmpty { text += section("DESCRIPTION") + paragraphs(command.discussion) }
        text += details(command, [command.name], heading: section)
        for sub in subs {
            text += section("\(program) \(command.name) \(sub.name)".uppercased()) + "\(escaped(sub.summary)).\n"
            if !sub.discussion.isEmpty { text += ".PP\n" + paragraphs(sub.discussion) }
            text += details(sub, [command.name, sub.name]) { ".SS \(quoted($0.capitalizedFirst))\n" }
        }
        text += section("EXIT STATUS")
        let usual = [ExitMeaning(0, "done"), ExitMeaning(1, "failed"), ExitMeaning(2, "invalid usage")]
        text += (usual + command.exits).map(row).joined()
        let pages =
            [program]
            + command.seeAlso.filter { !$0.hasSuffix(".md") }.map { reference in
                "\(program)-\(reference.split(separator: " ").first ?? "")"
            }
        var seen: Set<String> = ["\(program)-\(command.name)"]
        let others = pages.filter { seen.insert($0).inserted }
        text += section("SEE ALSO")
        for (index, page) in others.enumerated() {
            text += ".BR \(quoted(page)) (1)\(index == others.count - 1 ? "" : ",")\n"
        }
        return text
    }

    // Arguments, options and examples; the exit codes of subcommands, too.
    private func details(_ command: CommandSpec, _ path: [String], heading: (String) -> String) -> String {
        var text = ""
        if !command.positionals.isEmpty {
            text += heading("ARGUMENTS")
            for positional in command.positionals {
                text += ".TP\n.I \(escaped(positional.name))\n\(escaped(positional.help)).\n"
            }
        }
        if !command.options.isEmpty { text += heading("OPTIONS") + command.options.map(row).joined() }
        let shown = outputs.of(command, program: program, path: path)
        if !command.examples.isEmpty || !shown.isEmpty {
            text += heading("EXAMPLES") + command.examples.map(example).joined()
            for (line, output) in shown {
                text += ".PP\n.nf\n.RS 4\n$ \(escaped(line))\n"
                text += output.split(separator: "\n", omittingEmptySubsequences: false).map {
                    escaped(String($0)) + "\n"
                }
                .joined()
                text += ".RE\n.fi\n"
            }
        }
        if path.count > 1, !command.exits.isEmpty { text += heading("EXIT STATUS") + command.exits.map(row).joined() }
        return text
    }

    private func head(_ name: String, _ summary: String) -> String {
        // No date: the same sources give the same page.
        ".TH \(quoted(name.uppercased())) 1 \"\" \(quoted("\(program) \(version)")) \"User Commands\"\n"
            + section("NAME") + "\(escaped(name)) \\- \(escaped(summary))\n"
    }

    private func synopsis(_ command: CommandSpec, _ path: [String]) -> String {
        ".B \(escaped(([program] + path).joined(separator: " ")))\n"
            + command.positionals.map { ".I \(escaped($0.usage))\n" }.joined()
            + (command.options.isEmpty ? "" : ".RI [ options ]\n")
    }

    private func row(_ option: Option) -> String {
        var names = option.short.map { "\\fB\\-\($0)\\fR, " } ?? ""
        names += "\\fB\\-\\-\(escaped(option.name))\\fR" + (option.value.map { " \\fI\(escaped($0))\\fR" } ?? "")
        return ".TP\n\(names)\n\(escaped(option.help + (option.standard.map { " (default: \($0))" } ?? ""))).\n"
    }

    private func row(_ exit: ExitMeaning) -> String { ".TP\n.B \(exit.code)\n\(escaped(exit.meaning)).\n" }

    private func example(_ example: Example) -> String {
        ".TP\n.B \(escaped(example.line))\n\(escaped(example.meaning)).\n"
    }

    private func section(_ name: String) -> String { ".SH \(quoted(name))\n" }

    // Indented lines keep their form.
    private func paragraphs(_ text: String) -> String {
        var result = ""
        var isForm = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(" ") != isForm, !(isForm && line.isEmpty) {
                isForm.toggle()
                result += isForm ? ".PP\n.nf\n" : ".fi\n.PP\n"
            }
            result += line.isEmpty ? (isForm ? "\n" : ".PP\n") : escaped(String(line)) + "\n"
        }
        return result + (isForm ? ".fi\n" : "")
    }

    private func quoted(_ text: String) -> String {
        "\"\(escaped(text))\""
    }

    /// Text that roff shows as it is: no line of it is a request, and no dash becomes a hyphen.
    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "\"": result += "\\(dq"
            case "-": result += "\\-"
            case "~": result += "\\(ti"
            case "^": result += "\\(ha"
            case "`": result += "\\(ga"
            case "'": result += "\\(aq"
            default: result.append(character)
            }
        }
        return result.hasPrefix(".") ? "\\&" + result : result
    }
}

extension String {
    /// `OPTIONS` as `Options`.
    fileprivate var capitalizedFirst: String { prefix(1) + dropFirst().lowercased() }
}
