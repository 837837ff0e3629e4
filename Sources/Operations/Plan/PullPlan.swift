import Model
import Plans

/// Writes the state of the plan's tasks back into tasks.toml.
public struct PullPlan: Operation {
    public static let spec = OperationSpec(
        "plan.pull", "Write the state of tasks back into tasks.toml", .manage, aliases: ["sync.pull"],
        route: .post("/v1/plan/pull"), isIdempotent: true, errors: [.conflict])

    public struct Input: Codable, Sendable, Equatable {
        /// Adds ended tasks too that are only in the town; open ones are always added.
        public var all: Bool?

        public init(all: Bool? = nil) { self.all = all }
    }

    public struct Output: Codable, Sendable, Equatable {
        public var file: String
        /// Entries whose tasks the town has.
        public var pulled: Int
        /// Entries of which a value changed.
        public var changed: [String]
        /// Entries that were added for tasks that were only in the town.
        public var added: [String]
        /// Entries that were never pushed.
        public var unknown: [String]
        /// Ended tasks that are only in the town and were left out.
        public var leftOut: Int

        enum CodingKeys: String, CodingKey {
            case file, pulled, changed, added, unknown
            case leftOut = "left_out"
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> Output {
        let file = PlanFile(root: town.root)
        let text = try file.text()
        var plan = try file.plan(text ?? "[meta]\ndescription = \"\"\n")
        let tasks = try await PlannedTasks(town)
        let names = Dictionary(uniqueKeysWithValues: try await town.store.agents().map { ($0.id, $0.name) })
        var states: [String: PlanState] = [:]
        var unknown: [String] = []
        for entry in plan.entries {
            guard let task = tasks.task(entry.id) else {
                unknown.append(entry.id)
                continue
            }
            let owner = task.assignedTo.flatMap { names[$0] }
            // A task that ended without an owner says nothing of who was to do it.
            states[entry.id] = PlanState(
                status: task.state, agent: task.state.isTerminal ? owner ?? plan.agent(of: entry) : owner)
        }
        let planned = Set(plan.entries.compactMap { tasks.task($0.id)?.id })
        let others = tasks.all.filter { !planned.contains($0.id) }
        let wanted = others.filter { input.all == true || !$0.state.isTerminal }
        let added = entries(wanted, planned, tasks, names, town)
        let changed: [String]
        do { changed = try plan.record(states, appending: added) } catch { throw OperationError(error) }
        if plan.text != text {
            guard try file.text() == text else {
                throw OperationError(
                    .conflict, "\(file.path) was changed while it was pulled",
                    .operation("plan.pull", why: "pull again"))
            }
            try file.write(plan.text)
        }
        return Output(
            file: file.path, pulled: states.count, changed: changed, added: added.map(\.id), unknown: unknown,
            leftOut: others.count - wanted.count)
    }

    private static func entries(
        _ wanted: [AgentTask], _ planned: Set<TaskID>, _ tasks: PlannedTasks, _ names: [AgentID: String],
        _ town: OpenTown
    ) -> [NewPlanEntry] {
        let known = planned.union(wanted.map(\.id))
        var taken: Set<String> = []
        let byID = Dictionary(uniqueKeysWithValues: tasks.all.map { ($0.id, $0) })
        // What is not in the plan cannot be named in it.
        func name(_ id: TaskID) -> String? { known.contains(id) ? byID[id].map(tasks.name) : nil }
        return wanted.compactMap { task in
            guard taken.insert(tasks.name(task)).inserted else { return nil }
            return NewPlanEntry(
                id: tasks.name(task), description: task.plannedDescription(town),
                state: PlanState(status: task.state, agent: task.assignedTo.flatMap { names[$0] }),
                tags: task.plannedTags, parent: task.parent.flatMap(name),
                dependsOn: task.dependsOn.compactMap(name))
        }
    }
}

extension PullPlan.Input: Described {
    public static let fields =
        [
            Field("all", "also add ended tasks that are only in the town")
        ] as [Field<Self>]
}
