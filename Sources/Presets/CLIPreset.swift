/// A command of an agent CLI that is known without any configuration (reference: tinytown 2.6).
///
/// What an agent may do stands in its command: a harness adds what makes the output readable, and never a permission.
public struct CLIPreset: Sendable, Equatable {
    /// The name in `--cli` and under `[agent_clis]`.
    public let name: String
    /// The command line.
    public let command: String
    /// The program that must be installed.
    public let program: String
    /// Commands of the same meaning that older configurations hold.
    public let older: [String]

    private init(_ name: String, _ command: String, program: String? = nil, older: [String] = []) {
        self.name = name
        self.command = command
        self.program = program ?? name
        self.older = older
    }

    private static let codex = "codex exec --dangerously-bypass-approvals-and-sandbox"

    /// All of them; the first is the default of a new town.
    public static let all: [CLIPreset] = [
        CLIPreset("claude", "claude --print --dangerously-skip-permissions"),
        CLIPreset("auggie", "auggie --print"),
        CLIPreset("codex", codex),
        CLIPreset("codex-mini", codex + " -m gpt-5.4-mini -c model_reasoning_effort=\"medium\"", program: "codex"),
        CLIPreset("aider", "aider --yes --no-auto-commits", older: ["aider --yes --no-auto-commits --message"]),
        CLIPreset("gemini", "gemini --approval-mode yolo", older: ["gemini"]),
        CLIPreset("copilot", "copilot --allow-all-tools", older: ["gh copilot"]),
        CLIPreset("cursor", "cursor-agent --force", program: "cursor-agent", older: ["cursor"]),
        CLIPreset("opencode", "opencode run --auto"),
    ]

    /// The preset that `command` is: its name alone, its command line, or an older form of it.
    public static func matching(command: String) -> CLIPreset? {
        all.first { $0.name == command || $0.command == command || $0.older.contains(command) }
    }
}
