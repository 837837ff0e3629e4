import Model

public struct ShowTask: Operation {
    public static let spec = OperationSpec(
        "task.show", "Show a task in full", .read, route: .get("/v1/tasks/{task}"), errors: [.taskNotFound])

    /// A task with those around it.
    public struct Output: Codable, Sendable, Equatable {
        public var task: TaskView
        @OrNull public var parent: TaskReference?
        public var dependencies: [TaskReference]
        /// What depends on it or is a part of it, oldest first.
        public var dependents: [TaskReference]
    }

    public static func run(_ input: TaskInput, in town: OpenTown) async throws -> Output {
        let task = try await town.task(orCurrent: input.task)
        let dependents = try await everything { try await town.store.tasks(TaskFilter(needing: task.id), page: $0) }
        var output = Output(
            task: try await town.view(of: task).task, dependencies: try await town.references(to: task.dependsOn),
            dependents: dependents.map(TaskReference.init))
        output.parent = try await town.references(to: task.parent.map { [$0] } ?? []).first
        return output
    }
}

/// What an agent works on.
public struct CurrentTask: Operation {
    public static let spec = OperationSpec(
        "task.current", "Show an agent's current task", .read, route: .get("/v1/agents/{agent}/task"),
        errors: [.agentNotFound, .notFound])

    public struct Input: Codable, Sendable, Equatable {
        /// A reference; nil means the agent in whose turn the caller runs.
        public var agent: String?

        public init(agent: String? = nil) { self.agent = agent }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> TaskOutput {
        let agent = try await town.agent(
            orCalling: input.agent, else: .operation("task.current", ["agent": "AGENT"], why: "say which one"))
        if input.agent == nil, let id = town.caller.taskID, let task = try? await town.task(id) {
            return try await town.view(of: task)
        }
        return try await town.view(of: try await town.currentTask(of: agent))
    }
}

/// What an agent ended last, with its result.
public struct LastTask: Operation {
    public static let spec = OperationSpec(
        "task.last", "Show the task that an agent ended last", .read, aliases: ["agent.get_result"],
        route: .get("/v1/agents/{agent}/result"), errors: [.agentNotFound, .notFound])

    public static func run(_ input: CurrentTask.Input, in town: OpenTown) async throws -> TaskOutput {
        let agent = try await town.agent(
            orCalling: input.agent, else: .operation("task.last", ["agent": "AGENT"], why: "say which one"))
        let filter = TaskFilter(states: [.completed, .failed, .cancelled], assignee: agent.id)
        let ended = try await everything { try await town.store.tasks(filter, page: $0) }
        guard let last = ended.max(by: { ($0.completedAt ?? $0.updatedAt) < ($1.completedAt ?? $1.updatedAt) }) else {
            throw OperationError(
                .notFound, "'\(agent.name)' has not ended a task yet",
                .operation("task.current", ["agent": agent.name], why: "see what it works on"))
        }
        return try await town.view(of: last)
    }
}

public struct ListTasks: Operation {
    public static let spec = OperationSpec(
        "task.list", "List tasks", .read, route: .get("/v1/tasks"), errors: [.agentNotFound])

    public struct Input: Codable, Sendable, Equatable {
        /// A wire name, `in_flight`, `open` for all that have not ended, or `waiting` for those that others hold back.
        public var state: String?
        /// A reference to the owner.
        public var agent: String?
        public var offset: Int?
        public var limit: Int?

        public init(state: String? = nil, agent: String? = nil, offset: Int? = nil, limit: Int? = nil) {
            self.state = state
            self.agent = agent
            self.offset = offset
            self.limit = limit
        }
    }

    public static func run(_ input: Input, in town: OpenTown) async throws -> TasksOutput {
        var filter = TaskFilter()
        if let text = input.state {
            if text == "open" {
                filter.states = [.pending, .assigned, .running]
            } else if text == "waiting" {
                filter.isWaiting = true
            } else if let state = TaskState(wireName: text) {
                filter.states = [state]
            } else {
                let names = (TaskState.allCases.map(\.rawValue) + ["open", "waiting"]).joined(separator: ", ")
                throw OperationError(.invalid, "there is no task state '\(text)'", hint: "states are: \(names)")
            }
        }
        if let agent = input.agent { filter.assignee = try await town.agent(agent).id }
        return try await town.views(of: filter, Page(input.offset, input.limit))
    }
}

extension TaskInput: Described {
    public static let fields =
        [
            Field("task", "its id, or the first digits", .task)
        ] as [Field<Self>]
}

extension CurrentTask.Input: Described {
    public static let fields =
        [
            Field("agent", "whose; of the agent in whose turn this is if omitted", .agent)
        ] as [Field<Self>]
}

extension ListTasks.Input: Described {
    public static let fields =
        [
            Field("state", "only tasks of this state, or in_flight, open or waiting"),
            Field("agent", "only tasks of this agent", .agent),
            Field("offset", "how many to leave out before them", in: Bounds.offset) { $0.offset },
            Field("limit", "the most to list; 1000 if omitted", in: Bounds.limit) { $0.limit },
        ] as [Field<Self>]
}
