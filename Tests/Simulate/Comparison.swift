import Model

extension Witness {
    /// Says where a life in a real store differs from the same in memory: in its steps, or in what is left at its end.
    func compare(with model: Witness) {
        let (here, there) = (trace.map(Self.masked), model.trace.map(Self.masked))
        if here != there {
            let place = zip(here, there).enumerated().first { $0.element.0 != $0.element.1 }?.offset
            let step = place ?? min(here.count, there.count)
            let (mine, other) = (
                step < here.count ? here[step] : "the end", step < there.count ? there[step] : "the end"
            )
            // All that follows from it differs as well.
            return violation("step \(step) is '\(mine)', and in memory '\(other)'")
        }
        let (records, others) = (Self.counted(end), Self.counted(model.end))
        for (record, count) in records.sorted(by: { $0.key < $1.key }) where others[record] != count {
            violation("in memory \(others[record] ?? 0) times and not \(count): \(record)")
        }
        for record in others.keys.sorted() where records[record] == nil { violation("in memory only: \(record)") }
    }

    /// How often each record is there. Of the numbers of messages only the order counts: SQLite gives that of the newest
    /// one again if a person deletes it.
    private static func counted(_ records: [TownRecord]) -> [String: Int] {
        var (counts, messages): ([String: Int], Int64) = ([:], 0)
        for var record in records {
            if case .message(var delivery) = record {
                messages += 1
                delivery.sequence = messages
                record = .message(delivery)
            }
            counts[masked("\(record)"), default: 0] += 1
        }
        return counts
    }

    /// Without the ids that a store derives from others, which each does in its own way. Their version is 8.
    private static func masked(_ text: String) -> String {
        var (masked, word) = ("", "")
        for character in text + " " {
            if character.isHexDigit || character == "-" {
                word.append(character)
                continue
            }
            let parts = word.split(separator: "-", omittingEmptySubsequences: false).map(\.count)
            let isDerived = parts == [8, 4, 4, 4, 12] && word.dropFirst(14).first == "8"
            masked += isDerived ? "(derived)" : word
            masked.append(character)
            word = ""
        }
        return masked
    }
}
