/// An input or output whose fields are described for people: in help, in OpenAPI, in the tools of MCP.
public protocol Described {
    /// In the order in which they are best read. A test holds that these are the keys of its JSON.
    static var fields: [Field<Self>] { get }
}

/// One field of a described value.
public struct Field<Value>: Sendable {
    /// What it is called in JSON.
    public var name: String
    /// A clause without a full stop.
    public var help: String
    /// The least and the greatest whole number that make sense.
    public var range: ClosedRange<Int>?
    /// What its text refers to; doors offer and complete these.
    public var reference: Reference?
    private let number: @Sendable (Value) -> Int?

    public init(_ name: String, _ help: String, _ reference: Reference? = nil) {
        self.name = name
        self.help = help
        self.reference = reference
        number = { _ in nil }
    }

    /// A whole number with bounds.
    /// - Parameter number: reads it from a value, so that it is held to the bounds before an operation runs.
    public init(
        _ name: String, _ help: String, in range: ClosedRange<Int>, _ number: @escaping @Sendable (Value) -> Int?
    ) {
        self.name = name
        self.help = help
        self.range = range
        self.number = number
    }

    /// Why the value cannot be used; nil if it can.
    func problem(in value: Value) -> OperationError? {
        guard let range, let number = number(value), !range.contains(number) else { return nil }
        return OperationError(
            .invalid, "\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not \(number)",
            field: name)
    }
}

/// What a field's text refers to.
public enum Reference: String, Sendable {
    /// A name, nickname, label or id.
    case agent
    /// An agent, or `supervisor`.
    case recipient
    /// An id, or its first digits.
    case task, deadLetter = "dead_letter", message
    /// A preset, a configured name or a command line.
    case cli
}

extension Described {
    /// - Throws: `invalid` for the first field that is out of its range.
    func validate() throws(OperationError) {
        for field in Self.fields { if let problem = field.problem(in: self) { throw problem } }
    }
}

extension Nothing: Described {
    public static let fields: [Field<Self>] = []
}

/// Bounds that many operations share.
enum Bounds {
    static let limit = 1...1_000_000
    static let offset = 0...1_000_000_000
    static let turns = 0...1_000_000
}
