public import FoundationEssentials
import Model

/// An agent as it was at one moment. `AgentHandle` talks to it.
public struct Agent: Sendable, Hashable, Identifiable {
    public let id: AgentID
    public let name: String
    /// What people call it.
    public let nickname: String?
    public let role: String?
    /// `Dorothy [backend]`: what lists show.
    public let label: String
    public let state: AgentState
    /// The command line interface that runs its turns.
    public let cli: String
    public let currentTask: TaskID?
    public let tasksCompleted: Int
    /// Turns that it has taken.
    public let turnsCompleted: Int
    /// What a person has to know or do; nil where nothing is amiss.
    public let attention: String?
    public let createdAt: Date
    public let lastActiveAt: Date

    init(_ agent: Model.Agent) {
        id = AgentID(agent.id)
        name = agent.name
        nickname = agent.nickname
        role = agent.role
        label = agent.label
        state = AgentState(agent.state)
        cli = agent.cli
        currentTask = agent.currentTask.map { TaskID($0) }
        tasksCompleted = agent.tasksCompleted
        turnsCompleted = agent.turnsCompleted
        attention = agent.attention
        createdAt = Date(agent.createdAt)
        lastActiveAt = Date(agent.lastActiveAt)
    }
}

/// Where an agent is in its life.
public enum AgentState: String, Sendable, Hashable, CaseIterable, Codable {
    /// Asleep: nothing waited for it for a while. Mail wakes it.
    case cold
    /// Has not taken a turn yet.
    case starting
    /// Waits for messages.
    case idle
    /// Takes a turn.
    case working
    /// Held; messages wait.
    case paused
    /// Finishes what it was asked to finish, then stops.
    case draining
    case stopped
    /// Ended because it could not go on.
    case error

    init(_ state: Model.AgentState) {
        self =
            switch state {
            case .cold: .cold
            case .starting: .starting
            case .idle: .idle
            case .working: .working
            case .paused: .paused
            case .draining: .draining
            case .stopped: .stopped
            case .error: .error
            }
    }

    /// Takes no more turns until it is restarted.
    public var isTerminal: Bool { self == .stopped || self == .error }
    /// Would begin with new work at once; one that sleeps wakes for it.
    public var canAcceptWork: Bool { self == .idle || self == .starting || self == .cold }
    /// Has not ended.
    public var isActive: Bool { !isTerminal }
}

extension Date {
    init(_ timestamp: Timestamp) { self.init(timeIntervalSince1970: timestamp.seconds) }
}
