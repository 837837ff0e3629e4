import Model
import Operations
import Terminal

extension AgentState {
    /// `Idle`, as people know it.
    var shown: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
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

extension Timestamp {
    /// `14:03:05`, in UTC like everything that a town writes.
    var clock: String { String(description.dropFirst(11).prefix(8)) }

    /// `2026-03-09 20:03:14`, in UTC.
    var dateAndClock: String { description.prefix(10) + " " + clock }

    /// This being now, when `past` was: `3 min ago`, or in full `2026-03-09 20:03:14 (3 min ago)`.
    func telling(_ past: Timestamp, inFull: Bool) -> String {
        let ago = TimeText.relative(self - past)
        return inFull ? "\(past.dateAndClock) (\(ago))" : ago
    }
}
