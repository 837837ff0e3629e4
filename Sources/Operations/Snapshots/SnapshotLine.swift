import FoundationEssentials
import Model
import Text

/// The lines of a snapshot; see docs/snapshots.md.
enum SnapshotLine {
    /// The first line.
    struct Header: Codable, Equatable {
        /// `tinytown-snapshot`: what such a file says it is.
        var format: String
        var version: Int
        /// The program that wrote it.
        var program: String
        var town: String
        var savedAt: Timestamp
        var counts: SnapshotCounts
        /// `sha256:` and the digest of everything after the first line.
        var digest: String

        enum CodingKeys: String, CodingKey {
            case format, version, program, town, counts, digest
            case savedAt = "saved_at"
        }
    }

    static let format = "tinytown-snapshot"
    /// Greater where an older reader would lose something.
    static let version = 1

    /// What every other line is: an object with one of these keys.
    private struct Form: Codable {
        var maxAgents: Int?
        var agent: AgentForm?
        var task: TaskForm?
        var message: DeliveryForm?
        var kept: KeptForm?
        var event: Event?

        enum CodingKeys: String, CodingKey {
            case agent, task, message, kept, event
            case maxAgents = "max_agents"
        }
    }

    /// One line without its end; equal records are equal lines.
    static func bytes(_ record: TownRecord) throws -> [UInt8] {
        var form = Form()
        switch record {
        case .agentLimit(let limit): form.maxAgents = limit
        case .agent(let agent): form.agent = AgentForm(agent)
        case .task(let task): form.task = TaskForm(task)
        case .message(let delivery): form.message = DeliveryForm(delivery)
        case .kept(let entry): form.kept = KeptForm(entry)
        case .event(let event): form.event = event
        }
        return try bytes(encoding: form)
    }

    static func bytes(encoding value: some Encodable) throws -> [UInt8] {
        Array(try JSON.line(value).utf8)
    }

    /// The record of a line, or nil where it is none.
    static func record(_ line: [UInt8]) throws -> TownRecord? {
        let form = try JSONDecoder().decode(Form.self, from: Data(line))
        if let agent = form.agent { return .agent(agent.agent) }
        if let task = form.task { return .task(task.task) }
        if let delivery = form.message { return .message(delivery.delivery) }
        if let entry = form.kept { return .kept(entry.document) }
        if let event = form.event { return .event(event) }
        return form.maxAgents.map { .agentLimit($0) }
    }
}

/// How much a snapshot holds.
public struct SnapshotCounts: Codable, Sendable, Equatable {
    public var agents = 0
    public var tasks = 0
    /// Messages in whatever state.
    public var messages = 0
    /// Those of them that are dead letters.
    public var dead = 0
    public var events = 0
    /// Documents of goals, missions and other features; nil if there are none.
    public var kept: Int?

    public init() {}

    mutating func add(_ record: TownRecord) {
        switch record {
        case .agentLimit: break
        case .agent: agents += 1
        case .task: tasks += 1
        case .message(let delivery):
            messages += 1
            if delivery.state == .dead { dead += 1 }
        case .kept: kept = (kept ?? 0) + 1
        case .event: events += 1
        }
    }
}
