import Files
public import Model
import Plans
import Secrets

/// The plan file of a town's folder. No store is needed for it.
public struct PlanFile: Sendable {
    private let file: SafePath
    public var path: String { file.path }

    /// A link is followed only to another file of the town's folder that is not hidden: a plan may have another name, but
    /// nothing leads out of the folder, or into `.git`.
    public init(root: String) {
        let path = root + "/" + Plan.fileName
        guard let top = try? Files.canonical(root), let target = try? Files.canonical(path),
            target.hasPrefix(top + "/"), !target.dropFirst(top.count).contains("/.")
        else {
            file = SafePath(Plan.fileName, in: root)
            return
        }
        file = SafePath(path: target, beneath: top)
    }

    /// - Throws: `notFound` where there is none; `failed` with a line for everything that is wrong with it.
    func read() throws -> (plan: Plan, text: String) {
        guard let text = try text() else {
            throw OperationError(
                .planNotFound, "there is no plan at \(path)", .operation("plan.init", why: "create one with"))
        }
        return (try plan(text), text)
    }

    func text() throws -> String? {
        guard let bytes = try file.bytes() else { return nil }
        // Replacing invalid UTF-8 would lose it when the file is written back.
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw OperationError(.failed, "\(path) is not UTF-8 text", hint: "save it as UTF-8; nothing was changed")
        }
        return text
    }

    func plan(_ text: String) throws -> Plan {
        do { return try Plan(text, file: path) } catch { throw OperationError(error) }
    }

    /// The plan as doors show it.
    /// - Throws: see `read`.
    public func view() throws -> PlanView { PlanView(try read().plan) }

    /// Writes the template.
    /// - Throws: `conflict` where there is a plan already; it stays as it is.
    public func create() throws -> PlanView {
        if file.exists {
            throw OperationError(
                .conflict, "\(path) exists already and stays as it is", .operation("plan.read", why: "see it"))
        }
        try write(Plan.template)
        return try view()
    }

    func write(_ text: String) throws {
        try file.write(text, mode: file.mode ?? 0o644)
    }
}

extension OperationError {
    init(_ error: PlanError) { self.init(.failed, error.description) }
}

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

public struct ReadPlan: Operation {
    public static let spec = OperationSpec(
        "plan.read", "Show the plan in tasks.toml", .read, route: .get("/v1/plan"), errors: [.planNotFound])

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> PlanView {
        try PlanFile(root: town.root).view()
    }
}

public struct InitPlan: Operation {
    public static let spec = OperationSpec(
        "plan.init", "Create a tasks.toml", .manage, route: .post("/v1/plan", status: 201), errors: [.conflict])

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> PlanView {
        try PlanFile(root: town.root).create()
    }
}

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
