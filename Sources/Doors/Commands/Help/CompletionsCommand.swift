import Arguments

enum CompletionsCommand {
    static let command = Command(
        CommandSpec(
            "completions", "Print a completion script for a shell", group: Group.help,
            positionals: [
                Positional(
                    "SHELL", .one, "bash, zsh or fish",
                    completion: .values(CompletionScript.Shell.allCases.map(\.rawValue)))
            ],
            examples: [
                Example("source <(tt completions bash)", "for this shell; put it into ~/.bashrc to keep it"),
                Example("tt completions zsh > \"${fpath[1]}/_tt\"", "zsh"),
                Example("tt completions fish > ~/.config/fish/completions/tt.fish", "fish"),
            ])
    ) { context in
        let word = context.arguments.required("SHELL")
        guard let shell = CompletionScript.Shell(rawValue: word) else {
            throw CommandFailure.usage("there is no completion for '\(word)'", hint: "there is bash, zsh and fish")
        }
        let face = CommandLineFace(commands: CommandTable.all, version: "")
        let script = CompletionScript(
            program: CommandLineFace.program, root: face.root, globals: CommandLineFace.globals
        ).script(for: shell)
        struct Script: Encodable { var shell, script: String }
        guard !context.wantsJSON else { return try context.show(Script(shell: word, script: script)) { _ in [] } }
        context.console.write(script)
    }
}
