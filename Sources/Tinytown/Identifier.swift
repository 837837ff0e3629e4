import Model

/// A 128-bit identifier of one kind of thing; identifiers of different kinds do not mix.
///
/// Written as a lower-case hyphenated UUID.
public struct Identifier<Subject>: Hashable, Sendable, Comparable, LosslessStringConvertible, Codable {
    let high: UInt64
    let low: UInt64

    /// Reads a UUID in any usual form; nil where `text` is none.
    public init?(_ text: String) {
        guard let id = ID<Subject>(text) else { return nil }
        (high, low) = (id.high, id.low)
    }

    init<Entity>(_ id: ID<Entity>) { (high, low) = (id.high, id.low) }

    func id<Entity>() -> ID<Entity> { ID(high: high, low: low) }

    /// Lower-case and hyphenated.
    public var description: String { ID<Subject>(high: high, low: low).description }

    /// The first four hexadecimal digits, as lists show agents.
    public var short: String { String(description.prefix(4)) }

    public static func < (left: Self, right: Self) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    public init(from decoder: any Decoder) throws {
        self.init(try ID<Subject>(from: decoder))
    }

    public func encode(to encoder: any Encoder) throws { try ID<Subject>(high: high, low: low).encode(to: encoder) }
}

/// Identifies an agent, or the supervisor's mailbox.
public typealias AgentID = Identifier<Agent>
/// Identifies a task.
public typealias TaskID = Identifier<AgentTask>
/// Identifies a message.
public typealias MessageID = Identifier<Message>

extension AgentID {
    /// The mailbox of the town's supervisor: a person, or the program itself.
    public static let supervisor = AgentID(Model.AgentID.supervisor)
}
