/// One entry of what Tinytown keeps in a town and this program only carries along: a mission's documents, byte for byte.
public struct KeptEntry: Sendable, Equatable {
    /// What it is part of.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A text of its own; its name is empty.
        case text
        /// A field of a hash.
        case field
        /// An item of a list; its name is its place, in ten digits.
        case item
        /// A member of a set, which is its name; its value is empty.
        case member
    }

    /// What it belongs to, as Tinytown names it below the town: `mission:{id}:work`.
    public var key: String
    public var kind: Kind
    /// Tells it from the others under the same key.
    public var name: [UInt8]
    public var value: [UInt8]

    public init(key: String, kind: Kind, name: [UInt8] = [], value: [UInt8]) {
        self.key = key
        self.kind = kind
        self.name = name
        self.value = value
    }

    /// The item at a place of a list.
    public static func item(_ key: String, at place: Int, _ value: [UInt8]) -> KeptEntry {
        let digits = String(place)
        let name = String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits
        return KeptEntry(key: key, kind: .item, name: Array(name.utf8), value: value)
    }

    /// By key, and then by name.
    public static func isBefore(_ left: Self, _ right: Self) -> Bool {
        left.key != right.key ? left.key < right.key : left.name.lexicographicallyPrecedes(right.name)
    }
}
