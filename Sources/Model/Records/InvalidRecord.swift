/// Why a record that comes from outside is refused: from a snapshot, another store, a server or a file that somebody
/// else wrote.
public struct InvalidRecord: Error, Sendable, Equatable, CustomStringConvertible {
    /// What it is, with its id.
    public var record: String
    /// A clause: what is wrong with it.
    public var reason: String

    public init(_ record: String, _ reason: String) {
        self.record = record
        self.reason = reason
    }

    public var description: String { "\(record): \(reason)" }
}

/// What the checks of all records share.
struct RecordCheck {
    /// Bytes of one text of a record: a description, a body, a result.
    static let longestText = 64 << 20
    /// Bytes of a text that is shown in one line: an error, a reason.
    static let longestNote = 1 << 20
    /// Bytes of what names something.
    static let longestName = 4096
    /// The greatest number of a record that enters, so that a town can go on counting from there.
    static let lastSequence: Int64 = 1 << 52

    let record: String

    func fail(_ reason: String) throws(InvalidRecord) -> Never { throw InvalidRecord(record, reason) }

    func require(_ holds: Bool, _ reason: @autoclosure () -> String) throws(InvalidRecord) {
        if !holds { try fail(reason()) }
    }

    func id<Entity>(_ id: ID<Entity>) throws(InvalidRecord) {
        try require(id != ID(high: 0, low: 0), "its id is zero")
    }

    func text(_ text: String?, _ name: String, most: Int) throws(InvalidRecord) {
        try require((text?.utf8.count ?? 0) <= most, "its \(name) is longer than \(most) bytes")
    }

    /// A text that stands in one line or names something.
    func word(_ text: String?, _ name: String, most: Int = longestName) throws(InvalidRecord) {
        try self.text(text, name, most: most)
        try require(text?.utf8.contains { $0 < 32 || $0 == 127 } != true, "its \(name) holds a control character")
    }

    func count(_ number: Int, _ name: String) throws(InvalidRecord) {
        try require(Figure.counts.contains(number), "its \(name) of \(number) cannot be true")
    }

    func time(_ time: Timestamp?, _ name: String) throws(InvalidRecord) {
        guard let time else { return }
        try require(time >= .earliest && time <= .latest, "its \(name) is no time between the years 1 and 9999")
    }

    func sequence(_ number: Int64) throws(InvalidRecord) {
        try require(
            number > 0 && number <= Self.lastSequence,
            "its number \(number) is not from 1 to \(Self.lastSequence)")
    }
}
