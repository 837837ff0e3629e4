public import Model
import Text

/// Who receives or sends.
public enum Party: Sendable, Equatable {
    /// The mailbox of the town's supervisor.
    case supervisor
    case agent(Agent)

    public var id: AgentID {
        switch self {
        case .supervisor: .supervisor
        case .agent(let agent): agent.id
        }
    }

    /// `supervisor`, or the agent's name.
    public var name: String {
        switch self {
        case .supervisor: "supervisor"
        case .agent(let agent): agent.name
        }
    }
}

extension OpenTown {
    /// The agent or mailbox that `reference` means.
    /// - Throws: `notFound` with the closest name; `conflict` that lists those it could mean.
    public func party(_ reference: String, among known: [Agent]? = nil) async throws -> Party {
        let agents = if let known { known } else { try await store.agents() }
        switch AgentReference.resolve(reference, among: agents) {
        case .supervisor: return .supervisor
        case .agent(let agent): return .agent(agent)
        case .ambiguous(let several):
            let list = several.map { "\($0.label) (\($0.id.short))" }.joined(separator: ", ")
            throw OperationError(
                .ambiguousReference, "'\(reference)' could be any of: \(list)",
                hint: "use an id: " + several.map(\.id.description).joined(separator: ", "))
        case .none:
            let names = agents.flatMap { [$0.name, $0.nickname].compactMap(\.self) } + AgentName.supervisorAliases
            let remedy: Remedy =
                if let close = Suggestion.closest(to: reference, among: names) {
                    .text("did you mean '\(close)'?")
                } else if agents.isEmpty {
                    .operation("agent.spawn", ["name": "NAME"], why: "there are no agents yet; add one with")
                } else {
                    .operation("agent.list", why: "see all agents")
                }
            throw OperationError(.agentNotFound, "there is no agent '\(reference)'", remedy)
        }
    }

    /// The agent that `reference` means; the supervisor's mailbox is none.
    public func agent(_ reference: String) async throws -> Agent {
        switch try await party(reference) {
        case .agent(let agent): return agent
        case .supervisor:
            throw OperationError(
                .invalid, "the supervisor is a mailbox, not an agent",
                .operation("agent.list", why: "name an agent; see"))
        }
    }

    /// The task that `reference` means: a whole id, or its beginning from four hexadecimal digits on (W55).
    public func task(_ reference: String) async throws -> AgentTask {
        if let id = TaskID(reference) {
            if let task = try await store.task(id) { return task }
            throw OperationError(
                .taskNotFound, "there is no task \(reference)", .operation("task.list", why: "see all tasks"))
        }
        guard let prefix = IDPrefix(reference) else {
            throw OperationError(
                .invalid, "'\(reference)' is not the id of a task",
                .operation("task.list", why: "give the id, or its first four or more digits; see"))
        }
        let found = try await store.tasks(TaskFilter(idPrefix: prefix.text), page: Page(limit: 6))
        switch found.count {
        case 1: return found[0]
        case 0:
            throw OperationError(
                .taskNotFound, "there is no task that begins with \(reference)",
                .operation("task.list", why: "see all tasks"))
        default:
            let list = found.prefix(5).map { "\($0.id.description.prefix(13)) (\($0.title.prefix(30)))" }
            throw OperationError(
                .ambiguousReference, "several tasks begin with \(reference): " + list.joined(separator: ", "),
                hint: "give more digits")
        }
    }

    /// The agent in whose turn the caller runs; nil where it is a person or the variables name nobody here.
    public func callingAgent() async throws -> Agent? {
        if let agent = caller.proven { return agent }
        if let text = caller.agentID, let id = AgentID(text), let agent = try await store.agent(id) { return agent }
        if let name = caller.agentName, case .agent(let agent)? = try? await party(name) { return agent }
        return nil
    }

    /// The agent that a reference names, else the one in whose turn the caller runs.
    /// - Parameter remedy: how to name one, for an error where there is neither.
    func agent(orCalling reference: String?, else remedy: Remedy) async throws -> Agent {
        if let reference { return try await agent(reference) }
        if let calling = try await callingAgent() { return calling }
        throw OperationError(
            .invalid, "no agent was given, and this is not an agent's turn", remedy)
    }

    /// Who sends: what was said outright, else the agent in whose turn the caller runs, else the supervisor.
    public func sender(_ explicit: String?) async throws -> Party {
        if let explicit {
            let party = try await party(explicit)
            try check(.speak(as: party.id))
            return party
        }
        guard !caller.isInTurn || caller.proven != nil else {
            throw OperationError(.notYourTurn, "this runs in an agent's turn, and the turn is not known")
        }
        return try await callingAgent().map(Party.agent) ?? .supervisor
    }

    /// Labels of agents by id, for showing senders and owners.
    public func labels() async throws -> [AgentID: String] {
        var labels = Dictionary(uniqueKeysWithValues: try await store.agents().map { ($0.id, $0.label) })
        labels[.supervisor] = "supervisor"
        return labels
    }
}
