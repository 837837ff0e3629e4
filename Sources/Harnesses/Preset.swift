import Presets

extension CLIPreset {
    /// The dialect of the program that `words` start; a program that is not known is a plain command.
    static func dialect(of words: [String]) -> any Dialect {
        guard let program = words.first?.split(separator: "/").last else { return PlainCommand() }
        return switch program {
        case "claude": Claude()
        case "codex": Codex(name: words.contains("gpt-5.4-mini") ? "codex-mini" : "codex")
        case "opencode": OpenCode()
        case "auggie": Auggie()
        case "aider": Aider()
        case "gemini": Gemini()
        case "copilot": Copilot()
        case "cursor-agent": CursorAgent()
        default: PlainCommand()
        }
    }
}
