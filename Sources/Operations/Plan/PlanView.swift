public import Model
import Plans

/// A plan as every door shows it.
public struct PlanView: Codable, Sendable, Equatable {
    public var file: String
    public var description: String
    @OrNull public var defaultAgent: String?
    /// In the order of the file.
    public var tasks: [PlanTaskView]
    /// Keys that mean nothing.
    public var warnings: [String]

    enum CodingKeys: String, CodingKey {
        case file, description, tasks, warnings
        case defaultAgent = "default_agent"
    }

    init(_ plan: Plan) {
        file = plan.file
        description = plan.description
        tasks = plan.entries.map { PlanTaskView($0, agent: plan.agent(of: $0)) }
        warnings = plan.warnings
        defaultAgent = plan.defaultAgent
    }
}

/// A task of a plan.
public struct PlanTaskView: Codable, Sendable, Equatable {
    public var id: String
    public var description: String
    public var status: TaskState
    /// Its own agent, or the plan's default.
    @OrNull public var agent: String?
    public var tags: [String]
    @OrNull public var parent: String?
    public var dependsOn: [String]
    /// It only groups others.
    public var group: Bool

    enum CodingKeys: String, CodingKey {
        case id, description, agent, tags, parent, group
        case status = "state"
        case dependsOn = "depends_on"
    }

    init(_ entry: PlanEntry, agent: String?) {
        id = entry.id
        description = entry.description
        status = entry.status
        tags = entry.tags
        dependsOn = entry.dependsOn
        group = entry.isGroup
        parent = entry.parent
        self.agent = agent
    }

    /// The first line of the description.
    public var title: String { description.split(whereSeparator: \.isNewline).first.map(String.init) ?? description }
}
