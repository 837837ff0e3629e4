import Model

/// The sentences of the log and the notices of the town as functions of Lua. They are written from `EventSentence` and
/// `Notice`, so that no words are written twice.
enum SentencesInLua {
    /// Is given the name of a sentence and a table with its facts; returns the kind of the event and its text.
    static var sentence: String {
        // Those of the short ways come first.
        let usual: [EventSentence] = [.messageSent, .turnStarted, .turnFinished]
        let all = usual + EventSentence.allCases.filter { !usual.contains($0) }
        return function(all.map { ($0.rawValue, "'\($0.type.rawValue)', \(joined($0.parts))") })
    }

    /// Is given the name of a notice and a table with its facts; returns its text.
    static var notice: String { function(Notice.allCases.map { ($0.rawValue, joined($0.parts)) }) }

    private static func function(_ answers: [(name: String, value: String)]) -> String {
        let cases = answers.map { "name == '\($0.name)' then return \($0.value)" }
        return "function(name, f)\n    if " + cases.joined(separator: "\n    elseif ") + "\n    end\n  end"
    }

    private static func joined(_ parts: [Template.Part]) -> String {
        parts.isEmpty ? "''" : parts.map(expression).joined(separator: " .. ")
    }

    private static func expression(_ part: Template.Part) -> String {
        switch part {
        case .words(let words): "'\(words.replacing("\n", with: "\\n"))'"
        case .fact(let place): "f.\(place.rawValue)"
        case .number(let place, let noun):
            "(f.\(place.rawValue) == '1' and '1 \(noun)' or f.\(place.rawValue) .. ' \(noun)s')"
        case .maybe(let needs, let excludes, let parts):
            "(("
                + (needs.map { "f.\($0.rawValue)" } + excludes.map { "not f.\($0.rawValue)" })
                .joined(separator: " and ") + ") and \(joined(parts)) or '')"
        }
    }
}
