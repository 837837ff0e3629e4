/// The words of a sentence, with places for facts.
///
/// `{agent}` is the fact of that name, `{count message}` a number with its noun: `1 message`, `2 messages`. What stands in
/// brackets is said if all facts in it are known. `{?urgent}` in brackets only asks whether a fact is known, `{!urgent}`
/// whether it is not.
public struct Template: Sendable, Equatable {
    public enum Part: Sendable, Equatable {
        case words(String)
        case fact(Facts.Place)
        case number(Facts.Place, noun: String)
        /// Said if what it needs is known, and what it excludes is not.
        indirect case maybe(needs: [Facts.Place], excludes: [Facts.Place], [Part])
    }

    public let parts: [Part]

    /// Templates are constants of the program, and `EventSentenceTests` reads all of them: one that is not of this form is
    /// taken as plain words.
    init(_ text: String) {
        var parts: [Part] = []
        for (index, outer) in text.split(separator: "[", omittingEmptySubsequences: false).enumerated() {
            var rest = outer[...]
            if index > 0, let end = outer.firstIndex(of: "]") {
                parts.append(Self.maybe(outer[..<end]))
                rest = outer[outer.index(after: end)...]
            }
            parts += Self.said(rest).parts
        }
        self.parts = parts
    }

    private static func maybe(_ text: Substring) -> Part {
        var (needs, excludes, parts) = said(text)
        for part in parts {
            switch part {
            case .fact(let place), .number(let place, _): needs.append(place)
            case .words, .maybe: continue
            }
        }
        if parts.isEmpty { parts = [.words("")] }
        return .maybe(needs: needs, excludes: excludes, parts)
    }

    private static func said(_ text: Substring) -> (
        needs: [Facts.Place], excludes: [Facts.Place], parts: [Part]
    ) {
        var (needs, excludes, parts) = ([Facts.Place](), [Facts.Place](), [Part]())
        for (index, piece) in text.split(separator: "{", omittingEmptySubsequences: false).enumerated() {
            let halves = piece.split(separator: "}", maxSplits: 1, omittingEmptySubsequences: false)
            guard index > 0, halves.count == 2 else {
                if !piece.isEmpty { parts.append(.words(String(piece))) }
                continue
            }
            let names = halves[0].split(separator: " ", maxSplits: 1)
            let name = names.first ?? ""
            if name.first == "?" || name.first == "!", let place = Facts.Place(rawValue: String(name.dropFirst())) {
                if name.first == "?" { needs.append(place) } else { excludes.append(place) }
            } else if let place = Facts.Place(rawValue: String(name)) {
                parts.append(names.count == 2 ? .number(place, noun: String(names[1])) : .fact(place))
            } else {
                parts.append(.words("{\(halves[0])}"))
            }
            if !halves[1].isEmpty { parts.append(.words(String(halves[1]))) }
        }
        return (needs, excludes, parts)
    }

    /// The parts with these facts in their places. A place outside brackets always has a fact.
    static func text(_ parts: [Part], _ facts: Facts) -> String {
        var text = ""
        append(parts, facts, to: &text)
        return text
    }

    private static func append(_ parts: [Part], _ facts: Facts, to text: inout String) {
        for part in parts {
            switch part {
            case .words(let words): text += words
            case .fact(let place):
                assert(facts[place] != nil, "nothing is known of \(place)")
                text += facts[place] ?? ""
            case .number(let place, let noun):
                let number = facts[place] ?? "0"
                text += "\(number) \(noun)\(number == "1" ? "" : "s")"
            case .maybe(let needs, let excludes, let parts):
                let isSaid = needs.allSatisfy { facts[$0] != nil } && excludes.allSatisfy { facts[$0] == nil }
                if isSaid { append(parts, facts, to: &text) }
            }
        }
    }
}
