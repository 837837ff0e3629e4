import FoundationEssentials
import Model

/// The data of an event as the JSON that its column holds.
enum DetailText {
    static func text(_ detail: TurnDetail) -> String {
        // Encoding texts and finite numbers to JSON cannot fail.
        (try? JSONEncoder().encode(detail)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Nil for what is no such JSON: the event counts without it.
    static func detail(_ text: String) -> TurnDetail? {
        try? JSONDecoder().decode(TurnDetail.self, from: Data(text.utf8))
    }
}
