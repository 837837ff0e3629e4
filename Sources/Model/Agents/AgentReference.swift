/// Finds the agent that a person meant: by id, short id, name, nickname or label (reference: tinytown 1.3.3).
public enum AgentReference {
    /// What a reference can mean.
    public enum Match: Sendable, Equatable {
        case supervisor
        case agent(Agent)
        /// Several agents fit equally well.
        case ambiguous([Agent])
        case none
    }

    /// The agent that `text` names among `agents`, without regard to letter case.
    ///
    /// Live agents come before ended ones, and an exact name before a nickname, a label or a short id, so that neither
    /// an ended namesake nor a chance nickname hides a live agent (W21).
    public static func resolve(_ text: String, among agents: [Agent]) -> Match {
        let wanted = text.trimmed.lowercased()
        if wanted.isEmpty { return .none }
        if AgentName.supervisorAliases.contains(wanted) || AgentID(wanted) == .supervisor { return .supervisor }
        if let id = AgentID(wanted) {
            return agents.first { $0.id == id }.map(Match.agent) ?? .none
        }
        let tests: [(Agent) -> Bool] = [
            { $0.name.lowercased() == wanted },
            {
                $0.nickname?.lowercased() == wanted || $0.label.lowercased() == wanted
                    || $0.oldLabel.lowercased() == wanted || $0.id.short == wanted
            },
        ]
        for pool in [agents.filter { !$0.state.isTerminal }, agents.filter { $0.state.isTerminal }] {
            for test in tests {
                let found = pool.filter(test)
                if found.count == 1 { return .agent(found[0]) }
                if found.count > 1 { return .ambiguous(found) }
            }
        }
        return .none
    }
}
