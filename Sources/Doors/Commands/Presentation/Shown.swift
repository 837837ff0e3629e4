import Model
import Operations
import Terminal

extension AgentState {
    /// `Idle`, as people know it.
    var shown: String { self == .cold ? "Asleep" : rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}

extension TaskState {
    var shown: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }

    var icon: String {
        switch self {
        case .pending: "⏳"
        case .assigned: "📌"
        case .running: "🔄"
        case .completed: "✅"
        case .failed: "❌"
        case .cancelled: "🚫"
        }
    }
}

extension TaskState {
    /// What is done, and what did not work, stand out among what goes on.
    var tone: StyledText.Tone {
        switch self {
        case .completed: .good
        case .failed: .bad
        case .cancelled: .faint
        case .pending, .assigned, .running: .plain
        }
    }

    /// `failed`, `was cancelled`: after "which".
    var ending: String { self == .cancelled ? "was cancelled" : rawValue }
}

extension String {
    var withoutTrailingSpace: String {
        var view = Substring(self)
        while view.last == " " { view.removeLast() }
        return String(view)
    }

    /// Made safe for a terminal, on one line, and cut to `columns` where that is given.
    func shortened(to columns: Int?) -> String {
        let line = TerminalText.line(self)
        return columns.map { TerminalText.truncated(line, to: max(8, $0)) } ?? line
    }

    /// Made safe for a terminal, each line indented.
    func indented(by spaces: Int) -> [String] {
        TerminalText.sanitized(self).split(separator: "\n", omittingEmptySubsequences: false).map {
            ($0.isEmpty ? "" : String(repeating: " ", count: spaces)) + $0
        }
    }
}

extension StyledText {
    /// The line on as many as the terminal needs, those after the first indented.
    func fitted(_ context: CommandContext, indent: Int) -> [String] {
        (context.width.map { wrapped(to: $0, indent: indent) } ?? [self]).map { $0.rendered(context.style) }
    }
}

extension PendingView {
    /// ` (tasks: 1, queries: 2)`, or nothing where nothing waits.
    var breakdown: String {
        let parts = [
            ("tasks", task), ("queries", query), ("informational", informational), ("confirmations", confirmation),
            ("other", other),
        ].filter { $0.1 > 0 }
        return parts.isEmpty ? "" : " (" + parts.map { "\($0): \($1)" }.joined(separator: ", ") + ")"
    }
}

extension LocalTime {
    private func local(_ time: Timestamp) -> Timestamp { time + .seconds(offset(at: time.wholeSeconds)) }

    /// Seconds east of UTC at `time`.
    func offset(at time: Timestamp) -> Int { offset(at: time.wholeSeconds) }

    /// `CET`.
    func name(at time: Timestamp) -> String { name(at: time.wholeSeconds) }

    /// `14:03:05`.
    func clock(_ time: Timestamp) -> String { String(local(time).description.dropFirst(11).prefix(8)) }

    /// `2026-03-09`.
    func day(_ time: Timestamp) -> String { String(local(time).description.prefix(10)) }

    /// `2026-03-09 20:03:14`.
    func dateAndClock(_ time: Timestamp) -> String { day(time) + " " + clock(time) }

    /// `20:03`, with the date in front where it is not the day of `now`.
    func clock(_ time: Timestamp, near now: Timestamp) -> String {
        let clock = String(clock(time).prefix(5))
        return day(time) == day(now) ? clock : day(time) + " " + clock
    }

    /// The time at which the day of `now` began.
    func dayBegan(_ now: Timestamp) -> Timestamp {
        let seconds = now.wholeSeconds + Int64(offset(at: now))
        return Timestamp(outside: (seconds - ((seconds % 86_400) + 86_400) % 86_400) * 1_000_000)
            + .seconds(-offset(at: now))
    }
}

extension Timestamp {
    /// Whole seconds since 1970.
    var wholeSeconds: Int64 { microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000 }

    /// This being now, when `past` was: `3 min ago`, or in full `2026-03-09 20:03:14 CET (3 min ago)`.
    func telling(_ past: Timestamp, inFull: Bool, zone: LocalTime) -> String {
        let ago = TimeText.ago(self - past)
        return inFull ? "\(zone.dateAndClock(past)) \(zone.name(at: past)) (\(ago))" : ago
    }
}
