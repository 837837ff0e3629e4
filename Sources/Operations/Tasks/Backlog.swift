import Model

public struct AddToBacklog: Operation {
    public static let spec = OperationSpec(
        "backlog.add", "Add a task that nobody owns yet", .write, route: .post("/v1/backlog", status: 201),
        effect: .bringsWork, errors: [.taskNotFound, .dependencyCycle, .tooLarge])

    public struct Input: Codable, Sendable, Equatable {
        public var description: String
        public var tags: [String]?
        /// References to tasks that must be completed first.
        public var dependsOn: [String]?
        /// A reference to the task that it is part of and starts after.
        public var parent: String?

        enum CodingKeys: String, CodingKey {
            case description, tags, parent
            case dependsOn = "depends_on"
        }

        public init(
            description: String, tags: [String]? = nil, dependsOn: [String]? = nil, parent: String? = nil
        ) {
            self.description = description
            self.tags = tags
            self.dependsOn = dependsOn
            self.parent = parent
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> TaskOutput {
        guard input.description.contains(where: { !$0.isWhitespace }) else {
            throw OperationError(.invalid, "the task is empty")
        }
        try OpenTown.check(tags: input.tags)
        try town.checkMessage(input.description)
        var task = AgentTask(
            id: town.newID(), description: town.kept(input.description), createdBy: try await town.sender(nil).id,
            createdAt: town.time.now(), tags: input.tags ?? [])
        task.inBacklog = true
        try await town.link(&task, parent: input.parent, dependsOn: input.dependsOn)
        try await town.store.create(task, assignee: nil)
        return try await town.view(of: try await town.store.task(task.id) ?? task)
    }
}

public struct ListBacklog: Operation {
    public static let spec = OperationSpec(
        "backlog.list", "List tasks that nobody owns", .read, route: .get("/v1/backlog"))

    public static func run(_ input: PageInput, in town: OpenTown) async throws -> TasksOutput {
        try await town.views(of: .backlog, Page(input.offset, input.limit))
    }
}

/// Gives a task of the backlog to an agent.
public struct ClaimFromBacklog: Operation {
    public static let spec = OperationSpec(
        "backlog.claim", "Give a task of the backlog to an agent", .write, route: .post("/v1/backlog/{task}/claim"),
        effect: .bringsWork, errors: [.agentNotFound, .taskNotFound, .conflict, .limit])

    public struct Input: Codable, Sendable, Equatable {
        public var task: String
        /// A reference; nil means the agent in whose turn the caller runs.
        public var agent: String?

        public init(task: String, agent: String? = nil) {
            self.task = task
            self.agent = agent
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> TaskOutput {
        let agent = try await town.agent(
            orCalling: input.agent,
            else: .operation("backlog.claim", ["task": "TASK", "agent": "AGENT"], why: "say which one"))
        try town.check(.give(to: agent.id))
        try await town.checkRoom(for: agent)
        let task = try await town.backlogTask(input.task)
        let moved = try await town.store.move(
            task.id, .assign(agent.id), by: try await town.sender(nil).id, announcement: town.newID(),
            now: town.time.now())
        return try await town.view(of: moved)
    }
}

/// Gives everything in the backlog to one agent.
public struct AssignBacklog: Operation {
    public static let spec = OperationSpec(
        "backlog.assign_all", "Give every task of the backlog to an agent", .write, route: .post("/v1/backlog/assign"),
        effect: .bringsWork, isIdempotent: true, errors: [.agentNotFound])

    public struct Input: Codable, Sendable, Equatable {
        public var agent: String

        public init(agent: String) { self.agent = agent }
    }

    public static func hasEffect(_ output: TasksOutput) -> Bool { !output.tasks.isEmpty }

    public static func run(_ input: Input, in town: OpenTown) async throws -> TasksOutput {
        let agent = try await town.agent(input.agent)
        let by = try await town.sender(nil).id
        var moved: [TaskView] = []
        var refused: Set<TaskID> = []
        while true {
            let waiting = try await town.store.tasks(.backlog, page: Page(limit: 200 + refused.count))
                .filter { !refused.contains($0.id) }
            if waiting.isEmpty { break }
            for task in waiting {
                do throws(StoreError) {
                    let after = try await town.store.move(
                        task.id, .assign(agent.id), by: by, announcement: town.newID(), now: town.time.now())
                    moved.append(TaskView(after, labels: [agent.id: agent.label]))
                } catch {
                    // Somebody else may have been faster.
                    guard error.code == .illegalMove || error.code == .taskNotFound else { throw error }
                    refused.insert(task.id)
                }
            }
        }
        return TasksOutput(tasks: moved)
    }
}

/// Takes a task out of the backlog; it is cancelled, so that its record stays.
public struct RemoveFromBacklog: Operation {
    public static let spec = OperationSpec(
        "backlog.remove", "Remove a task from the backlog", .write, route: .delete("/v1/backlog/{task}"),
        isDestructive: true, errors: [.taskNotFound, .conflict])

    public static func run(_ input: TaskInput, in town: OpenTown) async throws -> TaskOutput {
        guard let reference = input.task else { throw OperationError(.invalid, "no task was named") }
        let task = try await town.backlogTask(reference)
        try town.check(.end(task, .cancel("")))
        let moved = try await town.store.move(
            task.id, .cancel("Removed from the backlog"), by: try await town.sender(nil).id,
            announcement: town.newID(), now: town.time.now())
        return try await town.view(of: moved)
    }
}

extension OpenTown {
    /// - Throws: `invalid` for tags that are not short words.
    static func check(tags: [String]?) throws(OperationError) {
        guard let problem = TextRules.problem(withTags: tags ?? []) else { return }
        throw OperationError(.invalid, problem)
    }

    /// - Throws: `conflict` where the task is not in the backlog.
    func backlogTask(_ reference: String) async throws -> AgentTask {
        let task = try await task(reference)
        if task.isWaiting {
            let needs = try await waitsFor(task).map(\.shortID).joined(separator: ", ")
            throw OperationError(
                .conflict, "task \(task.id.description.prefix(8)) is not in the backlog: it waits for \(needs)",
                .operation(
                    "task.release", ["task": String(task.id.description.prefix(8))], why: "let it begin all the same"))
        }
        guard task.inBacklog else {
            throw OperationError(
                .conflict, "task \(task.id.description.prefix(8)) is not in the backlog: it is \(task.state.rawValue)",
                .operation("backlog.list", why: "see the backlog"))
        }
        return task
    }
}

extension AddToBacklog.Input: Described {
    public static let fields =
        [
            Field("description", "what to do; the first line is its title"),
            Field("tags", "words to find it by; agents with a fitting role are offered it"),
            Field("depends_on", "tasks that must be completed first", .task),
            Field("parent", "the task that it is a part of", .task),
        ] as [Field<Self>]
}

extension ClaimFromBacklog.Input: Described {
    public static let fields =
        [
            Field("task", "its id, or the first digits", .task),
            Field("agent", "the new owner; the agent in whose turn this is if omitted", .agent),
        ] as [Field<Self>]
}

extension AssignBacklog.Input: Described {
    public static let fields =
        [
            Field("agent", "the new owner", .agent)
        ] as [Field<Self>]
}
