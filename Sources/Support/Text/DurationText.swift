/// Lengths of time as people type them.
public enum DurationText {
    /// `90`, `90s`, `5m`, `1h` or `2d`, with an optional fraction; nil for anything else.
    public static func parse(_ text: String) -> Duration? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        var digits = Substring(text)
        var scale = 1.0
        if let last = digits.last, let unit = units[last] {
            scale = unit
            digits.removeLast()
        }
        guard let number = Double(digits), number.isFinite, number >= 0, number * scale < 1e9,
            digits.allSatisfy({ $0.isNumber || $0 == "." })
        else { return nil }
        // fits: numbers with a point do not trap
        return .milliseconds(Int64(exactly: (number * scale * 1000).rounded(.towardZero)) ?? 0)
    }
}
