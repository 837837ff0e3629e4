public import Model
import Plans

/// Takes the plan to the town. Doing it again changes nothing (W11).
public struct PushPlan: Operation {
    public static let spec = OperationSpec(
        "plan.push", "Take the tasks of tasks.toml to the town", .write, aliases: ["sync.push"],
        route: .post("/v1/plan/push"), effect: .bringsWork, isIdempotent: true, errors: [.planNotFound, .conflict])

    public struct Output: Codable, Sendable, Equatable {
        public var file: String
        /// All entries, in the order of the file.
        public var tasks: [PushedTask]
        /// What a person should know: stays as it is, waits for what nobody owns, is no longer in the plan.
        public var notes: [String]

        /// How many entries had this outcome.
        public func count(_ outcome: PushedTask.Outcome) -> Int { tasks.count { $0.outcome == outcome } }
    }

    public static func hasEffect(_ output: Output) -> Bool { output.tasks.contains { $0.outcome != .unchanged } }

    public static func run(_ input: Nothing, in town: OpenTown) async throws -> Output {
        let (plan, _) = try PlanFile(root: town.root).read()
        // A task may be started between the look and the change; then it is looked at again.
        var outcomes: [String: PushedTask.Outcome] = [:]
        for _ in 0..<4 {
            var push = try await PlanPush(plan, town)
            push.outcomes = outcomes
            defer { outcomes = push.outcomes }
            do { return try await push.run() } catch let error as StoreError where error.code == .illegalMove {}
        }
        throw OperationError(
            .conflict, "tasks of the plan are being started while they are changed",
            .operation("plan.push", why: "push again"))
    }
}

/// What a push did to an entry.
public struct PushedTask: Codable, Sendable, Equatable {
    public enum Outcome: String, Codable, Sendable, CaseIterable { case created, changed, unchanged }

    /// What the plan calls it.
    public var id: String
    public var task: TaskID
    public var outcome: Outcome
}

/// One push: everything is checked before anything is written.
struct PlanPush {
    private let plan: Plan
    private let town: OpenTown
    private let tasks: PlannedTasks
    private let by: AgentID
    private let now: Timestamp
    private var owners: [String: Agent] = [:]
    /// What was done so far; an earlier try counts.
    var outcomes: [String: PushedTask.Outcome] = [:]
    private var notes: [String] = []

    init(_ plan: Plan, _ town: OpenTown) async throws {
        self.plan = plan
        self.town = town
        tasks = try await PlannedTasks(town)
        by = try await town.sender(nil).id
        now = town.time.now()
        owners = try await findOwners()
    }

    mutating func run() async throws -> PushPlan.Output {
        for entry in plan.entries {
            try town.checkMessage(entry.description)
            // A plan is no way round the rule that only a person ends others' tasks.
            if entry.status.isTerminal, let task = tasks.task(entry.id), !task.state.isTerminal {
                try town.check(.end(task, .complete("")))
            }
        }
        let new = plan.entries.filter { tasks.task($0.id) == nil }
        if !new.isEmpty { try await town.store.create(new.map(make)) }
        for entry in new { outcomes[entry.id] = .created }
        try await revise()
        for entry in plan.entries {
            guard let task = tasks.task(entry.id), !task.state.isTerminal else { continue }
            try await give(task, entry)
        }
        try await end()
        noteRemoved()
        try await noteUnowned()
        noteEndedOwners()
        let pushed = plan.entries.map {
            PushedTask(id: $0.id, task: tasks.id($0.id), outcome: outcomes[$0.id] ?? .unchanged)
        }
        return PushPlan.Output(file: plan.file, tasks: pushed, notes: notes)
    }

    // MARK: Checking

    /// The agents that entries name. Those of tasks that have ended may be gone.
    private func findOwners() async throws -> [String: Agent] {
        let known = try await town.store.agents()
        var owners: [String: Agent] = [:]
        var problems: [String] = []
        for entry in plan.entries {
            guard let name = plan.agent(of: entry), owners[name] == nil else { continue }
            do {
                guard case .agent(let agent) = try await town.party(name, among: known) else {
                    throw OperationError(.invalid, "the supervisor is a mailbox, not an agent")
                }
                owners[name] = agent
            } catch let error as OperationError {
                let task = tasks.task(entry.id)
                if task?.state.isTerminal ?? entry.status.isTerminal { continue }
                let isOwn = entry.ownAgent != nil
                if !isOwn, task != nil { continue }
                let hint = error.remedies.map { "; \(town.phrase($0))" }.joined()
                problems.append(
                    isOwn
                        ? plan.message(entry, "agent", "of '\(entry.id)': \(error.message)\(hint)")
                        : plan.metaMessage("default_agent: \(error.message)\(hint)"))
            }
        }
        if !problems.isEmpty {
            var seen: Set<String> = []
            throw OperationError(
                .notFound, problems.filter { seen.insert($0).inserted }.joined(separator: "\n"),
                .operation("agent.spawn", ["name": "NAME"], why: "nothing was pushed; start agents with"))
        }
        return owners
    }

    // MARK: Writing

    private func revision(of entry: PlanEntry, _ task: AgentTask) -> TaskRevision {
        var revision = TaskRevision(task)
        // Where the plan has what a pull would write, nothing was changed there.
        if entry.description != task.plannedDescription(town) { revision.description = entry.description }
        if entry.tags != task.plannedTags { revision.tags = entry.tags + task.tags.filter { $0 == entry.planTag } }
        // What the plan cannot name, because it never was in a plan, it cannot take away either.
        let strangers = task.dependsOn.filter { !tasks.isPlanned($0) }
        revision.parent = entry.parent.map(tasks.id) ?? task.parent.flatMap { tasks.isPlanned($0) ? nil : $0 }
        revision.dependsOn = entry.dependsOn.map(tasks.id)
        revision.dependsOn += strangers.filter { !revision.dependsOn.contains($0) }
        revision.isGroup = entry.isGroup
        return revision
    }

    private func make(_ entry: PlanEntry) -> NewTask {
        var task = AgentTask(
            id: tasks.id(entry.id), description: entry.description, createdBy: by, createdAt: now,
            tags: entry.taskTags)
        task.parent = entry.parent.map(tasks.id)
        task.dependsOn = entry.dependsOn.map(tasks.id)
        task.isGroup = entry.isGroup
        let owner = plan.agent(of: entry).flatMap { owners[$0] }
        guard !entry.status.isTerminal else {
            task.state = entry.status
            task.assignedTo = owner?.id
            task.completedAt = now
            task.result = Self.result(entry.status)
            return NewTask(task)
        }
        task.inBacklog = owner == nil && !entry.isGroup
        return NewTask(task, assignee: owner.map { Assignment(agent: $0.id, announcement: town.newID()) })
    }

    private static func result(_ state: TaskState) -> String { "\(state.rawValue) according to \(Plan.fileName)" }

    private mutating func revise() async throws {
        var revisions: [TaskRevision] = []
        for entry in plan.entries {
            guard let task = tasks.task(entry.id) else { continue }
            let revision = revision(of: entry, task)
            if revision == TaskRevision(task) { continue }
            if task.state == .pending || task.state == .assigned {
                revisions.append(revision)
                outcomes[entry.id] = outcomes[entry.id] ?? .changed
            } else {
                notes.append("'\(entry.id)' is \(task.state.rawValue) and stays as it is")
            }
        }
        if !revisions.isEmpty { try await town.store.revise(revisions, now: now) }
    }

    /// Gives a task that is not started to the agent that the plan names. A plan that names none has no opinion: the
    /// task may have been claimed meanwhile.
    private mutating func give(_ task: AgentTask, _ entry: PlanEntry) async throws {
        guard let own = entry.ownAgent, !entry.isGroup else { return }
        let owner = owners[own]?.id
        if owner == task.assignedTo { return }
        guard task.state != .running else {
            notes.append("'\(entry.id)' is running and stays with its agent")
            return
        }
        let move: TaskMove = owner.map { .assign($0) } ?? .requeue
        _ = try await town.store.move(task.id, move, by: by, announcement: town.newID(), now: now)
        outcomes[entry.id] = .changed
    }

    /// Ends what the plan says has ended: what others wait for comes first.
    private mutating func end() async throws {
        var left = plan.entries.filter { $0.status.isTerminal && tasks.task($0.id)?.state.isTerminal == false }
        while !left.isEmpty {
            var waiting: [PlanEntry] = []
            for entry in left {
                guard let task = try await town.store.task(tasks.id(entry.id)), !task.state.isTerminal else { continue }
                if task.isWaiting, entry.status == .completed {
                    waiting.append(entry)
                    continue
                }
                let result = Self.result(entry.status)
                let move: TaskMove =
                    switch entry.status {
                    case .completed: .complete(result)
                    case .failed: .fail(result)
                    default: .cancel(result)
                    }
                _ = try await town.store.move(task.id, move, by: by, announcement: town.newID(), now: now)
                outcomes[entry.id] = .changed
            }
            if waiting.count == left.count {
                for entry in waiting {
                    notes.append("'\(entry.id)' is not completed in the town: what it waits for is not either")
                }
                return
            }
            left = waiting
        }
    }

    // MARK: Notes

    private mutating func noteRemoved() {
        let planned = Set(plan.entries.map(\.id))
        for task in tasks.all where !task.state.isTerminal {
            guard let id = PlanEntry.id(in: task.tags), !planned.contains(id) else { continue }
            notes.append(
                "'\(id)' is no longer in the plan; its task \(task.id.description.prefix(8)) stays as it is "
                    + "(\(task.state.rawValue))'; "
                    + town.phrase(
                        .operation(
                            "task.cancel", ["task": String(task.id.description.prefix(8))], why: "call it off with")))
        }
    }

    private mutating func noteEndedOwners() {
        var seen: Set<AgentID> = []
        for entry in plan.entries where !entry.status.isTerminal {
            guard let owner = plan.agent(of: entry).flatMap({ owners[$0] }), owner.state.isTerminal,
                tasks.task(entry.id)?.state.isTerminal != true, seen.insert(owner.id).inserted
            else { continue }
            notes.append(
                "'\(entry.id)' is for \(owner.name), who is \(owner.state.rawValue); "
                    + town.phrase(
                        .operation("agent.restart", ["agent": owner.name], why: "bring the agent back with")))
        }
    }

    // Warns about tasks that wait for tasks without an owner; otherwise they would wait silently.
    private mutating func noteUnowned() async throws {
        var seen: Set<String> = []
        for entry in plan.entries {
            for need in entry.dependsOn + (entry.parent.map { [$0] } ?? []) where !seen.contains(need) {
                guard let task = try await town.store.task(tasks.id(need)), task.inBacklog else { continue }
                seen.insert(need)
                notes.append(
                    "'\(entry.id)' waits for '\(need)', which is in the backlog: "
                        + town.phrase(
                            .operation(
                                "backlog.claim",
                                ["task": String(task.id.description.prefix(8)), "agent": "AGENT"],
                                why: "give it an agent, or claim it with"))
                        + (entry.parent == need
                            ? " (a task that only groups has the tag \"\(PlanEntry.groupTag)\")" : ""))
            }
        }
    }
}
