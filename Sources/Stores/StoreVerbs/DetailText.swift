import FoundationEssentials
public import Model

/// The data of an event as the JSON text that a store keeps with it. Equal data gives equal texts.
public enum DetailText {
    public static func text(_ detail: TurnDetail) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding texts and finite numbers to JSON cannot fail.
        return (try? encoder.encode(detail)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Nil for what is no such JSON: the event counts without it.
    public static func detail(_ text: String) -> TurnDetail? {
        try? JSONDecoder().decode(TurnDetail.self, from: Data(text.utf8))
    }
}
