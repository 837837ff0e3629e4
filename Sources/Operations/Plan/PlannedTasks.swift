import Model
import Plans
import Secrets

/// The town's tasks, seen from a plan.
struct PlannedTasks {
    /// All tasks, oldest first.
    var all: [AgentTask] = []
    private var byEntry: [String: AgentTask] = [:]
    private var byShortName: [String: AgentTask] = [:]
    private var planned: Set<TaskID> = []
    private let town: String

    init(_ town: OpenTown) async throws {
        self.town = town.name
        all = try await everything { try await town.store.tasks(TaskFilter(), page: $0) }
        for task in all {
            byShortName[Self.shortName(task.id)] = task
            guard let id = PlanEntry.id(in: task.tags) else { continue }
            planned.insert(task.id)
            // Where several say that they are this task (a town that Tinytown filled), the one we would make wins.
            if byEntry[id] == nil || task.id == TaskID(plan: id, town: town.name) { byEntry[id] = task }
        }
    }

    /// What an entry is called that is made of a task of the town.
    static func shortName(_ id: TaskID) -> String { "task-\(id.description.prefix(8))" }

    /// Whether a task comes from a plan.
    func isPlanned(_ id: TaskID) -> Bool { planned.contains(id) }

    /// The town's task of an entry.
    func task(_ entry: String) -> AgentTask? { byEntry[entry] ?? byShortName[entry] }

    /// The id that the entry's task has, or will have.
    func id(_ entry: String) -> TaskID { task(entry)?.id ?? TaskID(plan: entry, town: town) }

    /// What the plan calls a task.
    func name(_ task: AgentTask) -> String { PlanEntry.id(in: task.tags) ?? Self.shortName(task.id) }
}

extension AgentTask {
    /// The description as a plan may have it, which is read by others under version control: without secrets.
    func plannedDescription(_ town: OpenTown) -> String { town.redactor.redacted(description) }

    /// The tags that a plan may have; other programs give tags that are no words.
    var plannedTags: [String] { PlanEntry.ownTags(tags).filter { TextRules.problem(withTag: $0) == nil } }
}
