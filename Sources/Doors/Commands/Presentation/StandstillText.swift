import Operations
import Terminal

/// What somebody is told who gives work to an agent that reads no mail now.
enum StandstillText {
    static func lines(_ agent: AgentView, _ what: String) -> [String] {
        lines(agent.name, agent.standstill, agent.continueWith, what)
    }

    static func lines(_ name: String, _ standstill: String?, _ command: String?, _ what: String) -> [String] {
        guard let standstill, let command else { return [] }
        return [
            "   '\(TerminalText.line(name))' \(TerminalText.line(standstill)): \(what) waits. "
                + "Let it continue with: \(TerminalText.line(command))"
        ]
    }
}
