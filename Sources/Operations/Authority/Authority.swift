public import Model

/// What an agent may ask for in its turn. A person may ask for everything.
///
/// The one table of it: operations, and what they act on. What is not named here is refused.
public enum Authority {
    /// One thing that an agent asks for.
    public enum Deed: Sendable {
        /// Calls an operation, by its name.
        case operation(String)
        /// Sends or gives work in somebody's name.
        case speak(as: AgentID)
        /// Adds an agent.
        /// - Parameters:
        ///   - isNamed: whether its CLI is one of the configured names, and no command line.
        case spawn(cli: String, isNamed: Bool, role: String?)
        /// Pauses, stops or restarts an agent.
        case control(AgentID)
        /// Gives an agent a task that exists.
        case give(to: AgentID)
        /// Completes, fails or cancels a task.
        case end(AgentTask, TaskMove)
    }

    /// Operations that every agent may call; what they act on is looked at as well.
    static let everyAgent: Set<String> = [
        "message.send", "message.broadcast", "backlog.add", "backlog.claim", "backlog.remove", "task.complete",
        "task.fail", "task.cancel", "task.release", "agent.spawn", "agent.interrupt", "agent.resume", "agent.close",
        "agent.kill", "agent.restart",
    ]

    /// Operations for agents that lead others.
    static let leads: Set<String> = ["task.assign", "backlog.assign_all"]

    /// Operations for the conductor, which also may control other agents.
    static let conductor: Set<String> = ["plan.init", "plan.push", "plan.pull", "task.retry"]

    /// Roles whose agents give work to others.
    static let leadingRoles: Set<String> = ["conductor", "supervisor", "lead"]

    /// Why an agent may not do something.
    public struct Refusal: Sendable, Equatable, ExpressibleByStringInterpolation {
        /// A clause.
        public var reason: String
        /// What the agent itself can do about it.
        public var remedy: Remedy?

        init(_ reason: String, _ remedy: Remedy? = nil) {
            self.reason = reason
            self.remedy = remedy
        }

        public init(stringLiteral reason: String) { self.init(reason) }
    }

    /// Why an agent may not do this; nil if it may.
    public static func refusal(of deed: Deed, by agent: Agent) -> Refusal? {
        switch deed {
        case .operation(let name):
            if everyAgent.contains(name) || (leads.contains(name) && isLead(agent))
                || (conductor.contains(name) && isConductor(agent))
            {
                return nil
            }
            if leads.contains(name) {
                return "only agents with the role \(leadingRoles.sorted().joined(separator: ", ")) give tasks to others"
            }
            return conductor.contains(name) ? "only the conductor may change the plan" : "agents may not do this"
        case .speak(let name): return name == agent.id ? nil : "an agent speaks only for itself"
        case .spawn(let cli, let isNamed, let role):
            if !isNamed { return "in a turn, a CLI is given by its configured name, not as '\(cli)'" }
            if let role, isLeading(role), !isLead(agent) {
                return "an agent cannot give others the role '\(role)', which it does not have itself"
            }
            return nil
        case .control(let other):
            return other == agent.id || isConductor(agent) ? nil : "an agent does not control other agents"
        case .give(let other):
            return other == agent.id || isLead(agent) ? nil : "an agent takes tasks only for itself"
        case .end(let task, let move): return ending(task, move, agent)
        }
    }

    private static func ending(_ task: AgentTask, _ move: TaskMove, _ agent: Agent) -> Refusal? {
        if task.assignedTo == agent.id { return nil }
        // Nobody owns a goal; it is its conductor's.
        if isConductor(agent), task.assignedTo == nil, task.tags.contains(Conductor.goalTag) { return nil }
        if case .complete = move {
            return task.assignedTo == nil
                ? Refusal(
                    "nobody has taken this task",
                    .operation(
                        "backlog.claim", ["task": String(task.id.description.prefix(8))], why: "take it first"))
                : "this task belongs to another agent"
        }
        return task.createdBy == agent.id ? nil : "this task is neither this agent's nor given by it"
    }

    private static func isConductor(_ agent: Agent) -> Bool { agent.kind == .lead }

    private static func isLead(_ agent: Agent) -> Bool {
        isConductor(agent) || (agent.role.map(isLeading) ?? false)
    }

    private static func isLeading(_ role: String) -> Bool { leadingRoles.contains(role.lowercased()) }
}
