import Files
public import Model
import Presets

/// How each CLI is started in a terminal, with a first prompt. What it may do is left to the CLI, which asks the person;
/// only calls of `tt` are allowed in advance where that can be said. Prompts are arguments: no shell reads them.
public struct TerminalCommand: Sendable {
    /// The words of the command line.
    public let words: [String]

    /// - Parameters:
    ///   - command: as the configuration has it.
    ///   - file: the context.
    ///   - prompt: the whole context as a prompt.
    ///   - session: the one to go on with, or to begin where it is not `known`.
    public init(
        _ command: HarnessCommand, file: String, prompt: String, session: (id: String, known: Bool)
    ) throws(Failure) {
        let given = try command.words()
        let preset = CLIPreset.matching(command: command.command)
        // A preset's own options are for turns without a person; a command that somebody wrote stays as it is.
        let start = preset.map { [$0.program] } ?? given
        if given.contains("{prompt_file}") {
            words = given.map { $0 == "{prompt_file}" ? file : $0 }
            return
        }
        let program = start.first.map(Files.name(of:)) ?? ""
        switch program {
        case "claude":
            let continuing = session.known ? ["--resume", session.id] : ["--session-id", session.id]
            words = start + (preset == nil ? [] : ["--allowedTools=Bash(tt:*)"]) + continuing + ["--", prompt]
        case "codex":
            // Its sandbox would reach what `tt` starts. Without one, it asks before each command.
            let model =
                preset?.name == "codex-mini" ? ["-m", "gpt-5.4-mini", "-c", "model_reasoning_effort=\"medium\""] : []
            words =
                start + (preset == nil ? [] : ["-s", "danger-full-access", "-a", "untrusted"] + model) + ["--", prompt]
        case "auggie": words = start + ["--instruction-file", file]
        case "aider": words = start + ["--read", file]
        case "gemini": words = start + ["--prompt-interactive", prompt]
        case "copilot": words = start + ["--interactive", prompt]
        case "opencode": words = start + ["--prompt", prompt]
        case "cursor-agent": words = start + ["--", prompt]
        default: words = start + [prompt]
        }
    }
}
