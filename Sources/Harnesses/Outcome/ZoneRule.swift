import Model

/// The rule by which a zone's clocks change every year, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule: Sendable, Equatable {
    /// Seconds east of Greenwich in winter.
    private(set) var standard: Int64
    private var summer: (offset: Int64, begins: Day, ends: Day)?

    /// A day of the year and a time of it.
    private struct Day: Sendable, Equatable {
        enum Kind: Sendable, Equatable {
            /// The `week`-th `weekday` of a month; the fifth is the last.
            case weekday(month: Int64, week: Int64, weekday: Int64)
            /// From 1; the 29th of February is never counted.
            case julian(Int64)
            /// From 0; the 29th of February is counted.
            case ordinal(Int64)
        }
        var kind: Kind
        var seconds: Int64 = 7200

        /// The seconds since 1970 that clocks show then.
        func shown(in year: Int64) -> Int64 {
            let january = Timestamp.days(year: year, month: 1, day: 1)
            let day: Int64
            switch kind {
            case .ordinal(let number): day = january + number
            case .julian(let number):
                let isLeap = Timestamp.days(year: year + 1, month: 1, day: 1) - january == 366
                day = january + number - 1 + (isLeap && number >= 60 ? 1 : 0)
            case .weekday(let month, let week, let weekday):
                let start = Timestamp.days(year: year, month: month, day: 1)
                let next = Timestamp.days(
                    year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
                // The first of January 1970 was a Thursday.
                let begins = ((start + 4) % 7 + 7) % 7
                var found = start + (weekday - begins + 7) % 7 + (week - 1) * 7
                if found >= next { found -= 7 }
                day = found
            }
            return day * 86_400 + seconds  // fits: a year of four digits
        }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.standard == right.standard && left.summer?.offset == right.summer?.offset
            && left.summer?.begins == right.summer?.begins && left.summer?.ends == right.summer?.ends
    }

    /// Nil where `text` is no such rule.
    init?(_ text: String) {
        var rest = Substring(text)
        guard text.utf8.count <= 128, Self.name(&rest), let west = Self.time(&rest) else { return nil }
        standard = -west
        guard !rest.isEmpty else { return }
        guard Self.name(&rest) else { return nil }
        var offset = standard + 3600
        if rest.first != ",", !rest.isEmpty {
            guard let west = Self.time(&rest) else { return nil }
            offset = -west
        }
        guard let begins = Self.day(&rest), let ends = Self.day(&rest), rest.isEmpty else { return nil }
        summer = (offset, begins, ends)
    }

    /// Seconds to add to UTC at a moment, which is in seconds since 1970.
    func offset(at moment: Int64) -> Int64 {
        guard let summer else { return standard }
        let local = moment + standard
        let (year, _, _) = Timestamp.civil(fromDays: local / 86_400 - (local % 86_400 < 0 ? 1 : 0))
        let begins = summer.begins.shown(in: year) - standard
        let ends = summer.ends.shown(in: year) - summer.offset
        let isSummer = begins < ends ? (begins..<ends).contains(moment) : !(ends..<begins).contains(moment)
        return isSummer ? summer.offset : standard
    }

    private static func name(_ rest: inout Substring) -> Bool {
        if rest.first == "<" {
            guard let end = rest.firstIndex(of: ">") else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let letters = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest.dropFirst(letters.count)
        return letters.count >= 3
    }

    private static func number(_ rest: inout Substring, most: Int64) -> Int64? {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        guard let value = Int64(digits), value <= most else { return nil }
        rest = rest.dropFirst(digits.count)
        return value
    }

    /// `[+-]hours[:minutes[:seconds]]`, in seconds.
    private static func time(_ rest: inout Substring) -> Int64? {
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        guard let hours = number(&rest, most: 167) else { return nil }
        var seconds = hours * 3600  // fits: three digits
        for scale: Int64 in [60, 1] {
            guard rest.first == ":" else { break }
            rest.removeFirst()
            guard let part = number(&rest, most: 59) else { return nil }
            seconds += part * scale
        }
        return isNegative ? -seconds : seconds
    }

    /// `,M3.5.0/2`
    private static func day(_ rest: inout Substring) -> Day? {
        guard rest.first == "," else { return nil }
        rest.removeFirst()
        var day: Day
        if rest.first == "M" {
            rest.removeFirst()
            guard let month = number(&rest, most: 12), month > 0, rest.first == "." else { return nil }
            rest.removeFirst()
            guard let week = number(&rest, most: 5), week > 0, rest.first == "." else { return nil }
            rest.removeFirst()
            guard let weekday = number(&rest, most: 6) else { return nil }
            day = Day(kind: .weekday(month: month, week: week, weekday: weekday))
        } else if rest.first == "J" {
            rest.removeFirst()
            guard let number = number(&rest, most: 365), number > 0 else { return nil }
            day = Day(kind: .julian(number))
        } else {
            guard let number = number(&rest, most: 365) else { return nil }
            day = Day(kind: .ordinal(number))
        }
        if rest.first == "/" {
            rest.removeFirst()
            guard let seconds = time(&rest) else { return nil }
            day.seconds = seconds
        }
        return day
    }
}
