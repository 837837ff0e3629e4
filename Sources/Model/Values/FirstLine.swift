/// The first line of a text, as logs and lists show it. A line ends with CR or LF, and with nothing else, so that programs in
/// other languages cut at the same place.
public enum FirstLine {
    /// Characters of a mention, counted as Unicode scalars.
    public static let longestMention = 100

    /// The first line that is not empty; the whole text if it has none.
    public static func title(of text: String) -> String {
        let line = text.utf8.drop(while: isBreak).prefix { !isBreak($0) }
        return line.isEmpty ? text : String(Substring(line))
    }

    /// A text behind other words: ` — its first line`, cut with `…` if the text goes on; nothing if the line is empty.
    public static func mention(of text: String) -> String {
        let line = Substring(text.utf8.prefix { !isBreak($0) }).unicodeScalars.prefix(longestMention)
        return line.isEmpty ? "" : " — \(Substring(line))\(line.count < text.unicodeScalars.count ? "…" : "")"
    }

    private static func isBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
