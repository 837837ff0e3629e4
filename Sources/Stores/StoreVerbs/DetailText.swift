import FoundationEssentials
public import Model
import Text

/// The data of an event as the JSON text that a store keeps with it. Equal data gives equal texts.
public enum DetailText {
    public static func text(_ detail: TurnDetail) -> String {
        // Encoding texts and finite numbers to JSON cannot fail.
        (try? JSON.encoded(detail)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Nil for what is no such JSON: the event counts without it.
    public static func detail(_ text: String) -> TurnDetail? {
        try? JSONDecoder().decode(TurnDetail.self, from: Data(text.utf8))
    }
}
