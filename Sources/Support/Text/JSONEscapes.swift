/// JSON that may be shown: it reads as the same value.
public enum JSONEscapes {
    /// Writes each character that shows nothing of itself as `\uXXXX`, beyond the plane of 16 bits as a pair.
    /// - Parameter json: complete; such characters can only stand inside its texts.
    public static func escaped(_ json: String) -> String {
        var json = json
        if json.withUTF8({ $0.allSatisfy { $0 < 0x7F } }) { return json }
        var escaped = String.UnicodeScalarView()
        for scalar in json.unicodeScalars {
            switch ScalarKind(scalar) {
            case .visible, .mark, .newline, .tab: escaped.append(scalar)
            case .hidden where scalar.value < 0x20: escaped.append(scalar)
            case .joiner, .selector, .hidden:
                for unit in UTF16.encode(scalar)! {
                    escaped.append(contentsOf: "\\u\(JSON.hexadecimal(UInt32(unit), digits: 4))".unicodeScalars)
                }
            }
        }
        return String(escaped)
    }
}
