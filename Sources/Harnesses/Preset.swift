/// A built-in command, as `tt init` writes it.
///
/// What an agent may do stands in its command: a dialect adds what makes the output readable, and never a permission.
public struct HarnessPreset: Sendable, Equatable {
    /// The name in `--cli` and under `[agent_clis]`.
    public let name: String
    /// The command line.
    public let command: String
    /// The program that must be installed.
    public let program: String
    /// Commands of the same meaning that older configurations hold.
    let older: [String]

    private init(_ name: String, _ command: String, program: String? = nil, older: [String] = []) {
        self.name = name
        self.command = command
        self.program = program ?? name
        self.older = older
    }

    private static let codex = "codex exec --dangerously-bypass-approvals-and-sandbox"

    /// All of them; the first is the default of a new town.
    public static let all: [HarnessPreset] = [
        HarnessPreset("claude", "claude --print --dangerously-skip-permissions"),
        HarnessPreset("auggie", "auggie --print"),
        HarnessPreset("codex", codex),
        HarnessPreset("codex-mini", codex + " -m gpt-5.4-mini -c model_reasoning_effort=\"medium\"", program: "codex"),
        HarnessPreset("aider", "aider --yes --no-auto-commits", older: ["aider --yes --no-auto-commits --message"]),
        HarnessPreset("gemini", "gemini --approval-mode yolo", older: ["gemini"]),
        HarnessPreset("copilot", "copilot --allow-all-tools", older: ["gh copilot"]),
        HarnessPreset("cursor", "cursor-agent --force", program: "cursor-agent", older: ["cursor"]),
        HarnessPreset("opencode", "opencode run --auto"),
    ]

    /// The preset of that name.
    public static func named(_ name: String) -> HarnessPreset? { all.first { $0.name == name } }

    /// The preset that `command` is: its name alone, its command line, or an older form of it.
    static func matching(command: String) -> HarnessPreset? {
        all.first { $0.name == command || $0.command == command || $0.older.contains(command) }
    }

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
