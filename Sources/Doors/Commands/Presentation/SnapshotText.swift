import Model
import Operations

extension SnapshotCounts {
    /// `3 agents, 8 tasks, 12 messages, 240 events`.
    var shown: String {
        let documents = kept.map { [($0, "document")] } ?? []
        let parts = [(agents, "agent"), (tasks, "task"), (messages, "message"), (events, "event")] + documents
        return parts.map { count, noun in "\(count.grouped) \(noun)\(count == 1 ? "" : "s")" }.joined(separator: ", ")
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

    /// `812`, `12.3k`, `1.2M`, `3.0G`.
    var shownCount: String {
        switch self {
        case ..<1000: "\(self)"
        case ..<1_000_000: "\(self / 1000).\(self / 100 % 10)k"
        case ..<1_000_000_000: "\(self / 1_000_000).\(self / 100_000 % 10)M"
        default: "\(self / 1_000_000_000).\(self / 100_000_000 % 10)G"
        }
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

extension Double {
    /// US dollars: `$3.41`, with four digits below a dollar: `$0.0123`.
    var shownDollars: String {
        let amount = Money(dollars: self).microdollars
        let (digits, step) = amount < 1_000_000 ? (4, 100) : (2, 10_000)
        let (units, rest) = ((amount + step / 2) / step).quotientAndRemainder(dividingBy: 1_000_000 / step)
        let fraction = String(rest)
        return "$\(units.grouped)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
