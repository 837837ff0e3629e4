public import Model
import TOML

/// What the town knows of a plan's task.
public struct PlanState: Sendable, Equatable {
    public var status: TaskState
    /// Its owner's name.
    public var agent: String?

    public init(status: TaskState, agent: String?) {
        self.status = status
        self.agent = agent
    }
}

/// A task that is only in the town, as the plan will have it.
public struct NewPlanEntry: Sendable, Equatable {
    public var id: String
    public var description: String
    public var state: PlanState
    public var tags: [String]
    public var parent: String?
    public var dependsOn: [String]

    public init(
        id: String, description: String, state: PlanState, tags: [String], parent: String?, dependsOn: [String]
    ) {
        self.id = id
        self.description = description
        self.state = state
        self.tags = tags
        self.parent = parent
        self.dependsOn = dependsOn
    }
}

extension Plan {
    /// Writes the town's state into the text. Only values that differ change; everything else stays as it is written.
    /// - Parameters:
    ///   - states: by the entries' ids.
    ///   - new: entries to append, in order.
    /// - Returns: the ids of the entries that changed.
    /// - Throws: where the file is written so that it cannot be changed safely.
    public mutating func record(_ states: [String: PlanState], appending new: [NewPlanEntry] = []) throws(PlanError)
        -> [String]
    {
        var changes: [(path: [TOMLStep], value: TOMLValue)] = []
        var changed: [String] = []
        for entry in entries {
            guard let state = states[entry.id] else { continue }
            let before = changes.count
            if entry.status != state.status {
                changes.append((["tasks", .index(entry.index), "status"], .string(state.status.rawValue)))
            }
            if agent(of: entry) != state.agent {
                changes.append((["tasks", .index(entry.index), "agent"], .string(state.agent ?? "")))
            }
            if changes.count > before { changed.append(entry.id) }
        }
        do throws(TOMLError) {
            try document.set(changes)
            try document.append(new.map(Self.table), to: ["tasks"])
        } catch {
            throw PlanError(problems: [error.description])
        }
        self = try Plan(document.text, file: file)
        return changed
    }

    private static func table(_ entry: NewPlanEntry) -> [(key: String, value: TOMLValue)] {
        func array(_ texts: [String]) -> TOMLValue { .array(texts.map { TOMLNode(.string($0)) }) }
        var table: [(key: String, value: TOMLValue)] = [
            ("id", .string(entry.id)), ("description", .string(entry.description)),
        ]
        // Said outright, because the plan's default agent must not get what nobody owns.
        table.append(("agent", .string(entry.state.agent ?? "")))
        table.append(("status", .string(entry.state.status.rawValue)))
        if !entry.tags.isEmpty { table.append(("tags", array(entry.tags))) }
        if let parent = entry.parent { table.append(("parent", .string(parent))) }
        if !entry.dependsOn.isEmpty { table.append(("depends_on", array(entry.dependsOn))) }
        return table
    }
}
