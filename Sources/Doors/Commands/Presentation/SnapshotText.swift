import Operations

extension SnapshotCounts {
    /// `3 agents, 8 tasks, 12 messages, 240 events`.
    var shown: String {
        let parts = [(agents, "agent"), (tasks, "task"), (messages, "message"), (events, "event")].map { count, noun in
            "\(count.grouped) \(noun)\(count == 1 ? "" : "s")"
        }
        let missions = kept.map { ["\($0.grouped) of missions"] } ?? []
        return (parts + missions).joined(separator: ", ")
    }
}

extension Int {
    /// `1,234,567`.
    var grouped: String {
        let digits = Array(String(magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return (self < 0 ? "-" : "") + text
    }

    /// `640 bytes`, `12 kB`, `3.4 MB`, `80.8 GB`.
    var shownBytes: String {
        switch self {
        case ..<1000: "\(self) bytes"
        case ..<1_000_000: "\(self / 1000) kB"
        case ..<1_000_000_000: "\(self / 1_000_000).\(self / 100_000 % 10) MB"
        default: "\(self / 1_000_000_000).\(self / 100_000_000 % 10) GB"
        }
    }
}
