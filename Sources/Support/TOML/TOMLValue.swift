/// A value of a TOML 1.0 document.
public indirect enum TOMLValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
    /// A date, a time or both, as RFC 3339 writes it.
    case time(String)
    case array([TOMLNode])
    case table(TOMLTable)

    /// What kind of value it is, for error messages.
    public var kind: String {
        switch self {
        case .string: "a string"
        case .integer: "a whole number"
        case .double: "a number"
        case .bool: "true or false"
        case .time: "a date or time"
        case .array: "an array"
        case .table: "a table"
        }
    }
}

/// A place in a text; lines and columns count from 1, and 0 means that it is not known.
public struct TOMLPosition: Sendable, Equatable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A value and where it stands. Equality is by value.
public struct TOMLNode: Sendable, Equatable {
    public var value: TOMLValue
    /// Where the value begins.
    public var start: TOMLPosition
    /// Where the value ends (the position after its last character).
    public var end: TOMLPosition
    /// Where its key begins.
    public var key: TOMLPosition

    public init(_ value: TOMLValue) {
        self.value = value
        start = TOMLPosition(line: 0, column: 0)
        end = start
        key = start
    }

    public static func == (left: Self, right: Self) -> Bool { left.value == right.value }
}

/// A table with its keys in the order of the text. Equality is without regard to order.
public struct TOMLTable: Sendable, Equatable {
    public var entries: [(key: String, node: TOMLNode)]

    public init(_ entries: [(key: String, node: TOMLNode)] = []) { self.entries = entries }

    /// The value under a key.
    public subscript(key: String) -> TOMLNode? { entries.first { $0.key == key }?.node }

    /// The value under a path of keys, through tables only.
    public subscript(path path: [String]) -> TOMLNode? {
        guard let first = path.first, let node = self[first] else { return nil }
        if path.count == 1 { return node }
        guard case .table(let table) = node.value else { return nil }
        return table[path: Array(path.dropFirst())]
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.entries.count == right.entries.count && left.entries.allSatisfy { right[$0.key] == $0.node }
    }
}

/// A text that is not TOML.
public struct TOMLError: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    /// Line 0 if the place is not known.
    public var position: TOMLPosition
    public var message: String

    public var description: String {
        position.line == 0 ? "\(file): \(message)" : "\(file):\(position.line):\(position.column): \(message)"
    }
}
