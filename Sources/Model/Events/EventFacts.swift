/// What belongs into the places of a sentence: of the log, or of a notice.
public struct Facts: Sendable, ExpressibleByDictionaryLiteral {
    /// The names of places. Those that only decide whether a part of the sentence is said are facts without a text.
    public enum Place: String, Sendable {
        case agent, role, cli, reason, tasks, letters, task, title, backlog, waiting, needs, other, failed, state
        case number, limit, from, to, kind, urgent, about, back, count, length, cost, failure, pause, foreground
        case process, time, id, command, one
    }

    private var facts: [(place: Place, text: String)] = []

    /// A fact that is nil is not known, and its place is left out.
    public init(dictionaryLiteral facts: (Place, String?)...) {
        self.facts.reserveCapacity(facts.count + 1)
        for (place, text) in facts { if let text { self.facts.append((place, text)) } }
    }

    /// A fact without a text, if it is one.
    public static func flag(_ isSo: Bool) -> String? { isSo ? "" : nil }

    /// Says something of another place.
    public mutating func add(_ place: Place, _ text: String) { facts.append((place, text)) }

    /// What is known of a place.
    public subscript(_ place: Place) -> String? { facts.first { $0.place == place }?.text }
}
