/// Times as people read them.
public enum TimeText {
    /// `just now`, `42 s ago`, `3 min ago`, `2 h ago`, `5 d ago`, and `in 3 min` for what is to come.
    public static func relative(_ ago: Duration) -> String {
        let seconds = ago.components.seconds
        if seconds < 0 { return seconds > -2 ? "now" : "in " + unit(-seconds) }
        return seconds < 2 ? "just now" : unit(seconds) + " ago"
    }

    /// `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `1 d 4 h`.
    public static func length(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if seconds < 10 {
            let tenths = seconds * 10 + attoseconds / 100_000_000_000_000_000
            return "\(tenths / 10).\(tenths % 10) s"
        }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        if seconds < 86_400 { return "\(seconds / 3600) h \(seconds / 60 % 60) min" }
        return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
    }

    private static func unit(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) d"
        }
    }
}
