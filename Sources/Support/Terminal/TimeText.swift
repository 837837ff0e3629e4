/// Times as people read them.
public enum TimeText {
    /// For what has happened: `just now`, `42 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. A clock that was set back does not
    /// make the past the future.
    public static func ago(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return seconds < 2 ? "just now" : unit(seconds) + " ago"
    }

    /// For what is to come: `now`, `in 3 min`.
    public static func ahead(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return seconds < 2 ? "now" : "in " + unit(seconds)
    }

    /// `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `1 d 4 h`. Nothing takes less than no time, whatever the clocks say.
    public static func length(_ duration: Duration) -> String {
        let (seconds, attoseconds) = max(duration, .zero).components
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
