/// A small value of one feature: a conversation, a schedule, a budget, or what Tinytown keeps of a mission. A store keeps
/// it and never looks inside.
public struct Document: Sendable, Equatable {
    public var place: Place
    public var content: [UInt8]
    /// When somebody has to look at it; see `DocumentStore.due`.
    public var dueAt: Timestamp?

    public init(_ place: Place, _ content: [UInt8], dueAt: Timestamp? = nil) {
        self.place = place
        self.content = content
        self.dueAt = dueAt
    }

    public init(key: String, kind: Place.Kind, name: [UInt8] = [], value: [UInt8]) {
        self.init(Place(key: key, kind: kind, name: name), value)
    }

    /// The item at a place of a list.
    public static func item(_ key: String, at place: Int, _ value: [UInt8]) -> Document {
        let digits = String(place)
        let name = String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits
        return Document(key: key, kind: .item, name: Array(name.utf8), value: value)
    }
}

/// Where a document is.
public struct Place: Sendable, Hashable {
    /// What it is part of. A key holds documents of one kind only.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A text of its own; its name is empty.
        case text
        /// One of several under its key.
        case field
        /// An item of a list that Tinytown keeps; its name is its position, in ten digits. It can only be read.
        case item
        /// A member of a set, which is its name; its content is empty.
        case member
    }

    /// The feature, and whatever tells its documents apart: `mission:{id}:work`. For missions it is what Tinytown calls
    /// them below the town.
    public var key: String
    public var kind: Kind
    /// Tells it from the others under the same key.
    public var name: [UInt8]

    public init(key: String, kind: Kind, name: [UInt8] = []) {
        self.key = key
        self.kind = kind
        self.name = name
    }

    public static func text(_ key: String) -> Place { Place(key: key, kind: .text) }
    public static func field(_ key: String, _ name: String) -> Place {
        Place(key: key, kind: .field, name: Array(name.utf8))
    }
    public static func member(_ key: String, _ name: String) -> Place {
        Place(key: key, kind: .member, name: Array(name.utf8))
    }

    /// The first word of its key, up to a colon.
    public var feature: String { String(key.prefix { $0 != ":" }) }

    /// Whether it says what a process does now, and is left out of snapshots and copies.
    public var isOfProcess: Bool { feature == Self.processes || key.hasSuffix(":dispatch_lock") }

    /// The feature of what belongs to processes.
    public static let processes = "service"

    /// By the bytes of the key, and then of the name.
    public static func isBefore(_ left: Self, _ right: Self) -> Bool {
        left.key == right.key
            ? left.name.lexicographicallyPrecedes(right.name) : left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
    }

    /// The longest key and the longest name, in bytes.
    public static let longest = 4096
    /// The longest content, in bytes.
    public static let largest = 4 << 20

    /// Why nothing can be kept here; nil if it can.
    public var problem: String? {
        if key.isEmpty || key.utf8.count > Self.longest { return "a document's key has 1 to \(Self.longest) bytes" }
        if key.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            return "a document's key has no spaces and no control characters"
        }
        let isWord = feature.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") }
        if feature.isEmpty || !isWord {
            return "a document's key begins with the name of its feature, in small letters"
        }
        if name.count > Self.longest { return "a document's name has at most \(Self.longest) bytes" }
        if kind == .text, !name.isEmpty { return "a text has no name" }
        return nil
    }
}
