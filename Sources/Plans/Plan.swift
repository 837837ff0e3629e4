public import TOML

/// A plan under version control: the tasks of a `tasks.toml`.
public struct Plan: Sendable {
    /// The file's name in a town.
    public static let fileName = "tasks.toml"

    public var description: String
    /// Who gets new tasks that name no agent.
    public var defaultAgent: String?
    /// Where the default stands.
    public var defaultAgentPlace: TOMLPosition?
    /// In the order of the file.
    public var entries: [PlanEntry]
    /// Keys that mean nothing here, one line each; they are kept.
    public var warnings: [String]
    /// The path that messages show.
    public var file: String
    var document: TOMLDocument

    /// The text as it is now.
    public var text: String { document.text }

    /// Reads and checks a plan.
    /// - Parameter file: the path that messages show.
    /// - Throws: `PlanError` with everything that is wrong, in the order of the file.
    public init(_ text: String, file: String) throws(PlanError) {
        do { document = try TOMLDocument(text, file: file) } catch {
            throw PlanError(problems: [error.description])
        }
        self.file = file
        var reader = PlanReader(file: file)
        reader.read(document.table)
        guard reader.problems.isEmpty else { throw PlanError(reader) }
        (description, defaultAgent, defaultAgentPlace) = (reader.description, reader.defaultAgent, reader.defaultPlace)
        (entries, warnings) = (reader.entries, reader.warnings.map(\.text))
    }

    /// Who gets the task when it is made: its own agent, else the default; a group has none.
    public func agent(of entry: PlanEntry) -> String? {
        if let own = entry.ownAgent { return own.isEmpty ? nil : own }
        return entry.isGroup ? nil : defaultAgent
    }

    /// A message about a value of an entry, with its place.
    public func message(_ entry: PlanEntry, _ key: String, _ text: String) -> String {
        PlanReader.located(file, entry.places[key] ?? entry.places["id"], "tasks.\(key) \(text)")
    }

    /// A message about the default agent, with its place.
    public func metaMessage(_ text: String) -> String { PlanReader.located(file, defaultAgentPlace, "meta.\(text)") }

    /// The text that `tt plan --init` writes.
    public static let template = """
        # The plan: tasks under version control. `tt plan` shows it, `tt sync push` takes it to the town, `tt sync pull`
        # writes the town's state back. The id of a task is how the town knows it: give a new task a new id.

        [meta]
        description = "Task plan for this project"
        # default_agent = "developer"   # who gets new tasks without an agent; nobody: they go to the backlog

        [[tasks]]
        id = "example-1"
        description = "Example task - replace with your own"
        status = "pending"
        tags = ["example"]
        # agent = "backend"             # who does it
        # parent = "another-id"         # part of that task, and begins when that is completed
        # depends_on = ["other-id"]     # begins when all of these are completed

        """
}

/// Everything that is wrong with a plan.
public struct PlanError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A line each, with file, line and key.
    public var problems: [String]

    public init(problems: [String]) { self.problems = problems }

    init(_ reader: PlanReader) {
        problems = reader.problems.sorted { $0.line < $1.line }.map(\.text)
    }

    public var description: String { problems.joined(separator: "\n") }
}
