import Model
import Text

/// When a service will answer again, from what a CLI prints: a field of JSON or the words of a message.
enum ResetTime {
    /// Services speak of a time that has just passed when clocks differ a little; it means now and not tomorrow.
    static let justPassed = Duration.seconds(15 * 60)

    /// The same time; nil for one that no plan has: long past, or further away than plans are counted in.
    static func plausible(_ time: Timestamp?, now: Timestamp) -> Timestamp? {
        guard let time, time >= now - justPassed, time <= now + FailurePolicy.longestReset else { return nil }
        return time
    }

    /// A time as a number (seconds, milliseconds or microseconds since 1970, told apart by their size) or as a text;
    /// nil for what is neither, and for a time that no plan has.
    static func time(in value: JSON?, now: Timestamp) -> Timestamp? {
        switch value {
        case .number(let number): plausible(unix(number), now: now)
        case .string(let text):
            plausible(Double(text).flatMap(unix) ?? Timestamp(text) ?? absolute(Words(text), now: now), now: now)
        default: nil
        }
    }

    /// A length of time in a field: a number of seconds, or a text with or without a unit, or the time of its end.
    static func delay(in value: JSON?, now: Timestamp) -> Timestamp? {
        switch value {
        // fits: both of them stop at the ends of their ranges
        case .number(let seconds): plausible(now + Duration(outsideSeconds: seconds), now: now)
        case .string(let text):
            plausible(length(Words(text), bare: true).map { now + $0 } ?? absolute(Words(text), now: now), now: now)
        default: nil
        }
    }

    /// The time that `text` names; nil where it names none that can be read.
    static func read(_ text: some StringProtocol, now: Timestamp) -> Timestamp? {
        let matcher = PhraseMatcher(text)
        for (phrase, bare) in lengths {
            guard let rest = matcher.original(after: phrase), let length = length(Words(rest), bare: bare) else {
                continue
            }
            return plausible(now + length, now: now)
        }
        for phrase in moments {
            guard let rest = matcher.original(after: phrase), let time = absolute(Words(rest), now: now) else {
                continue
            }
            return plausible(time, now: now)
        }
        return nil
    }

    // What stands before a length of time, and whether a number without a unit means seconds there.
    private static let lengths: [(phrase: String, bare: Bool)] = [
        ("retry-after", true), ("retry after", true), ("retry_after", true), ("retryafter", true), ("retrydelay", true),
        ("resets_in_seconds", true), ("try again in", true), ("retry in", true), ("retrying in", true),
        ("resets in", false), ("reset in", false), ("available in", false), ("wait for", false),
        ("refreshes in", false),
    ]

    // What stands before a moment.
    private static let moments = [
        "limit reached|", "resets_at", "resetsat", "reset_at", "resets at", "reset at", "resets on", "resets",
        "retry-after",
        "try again at", "try again on", "try again after", "available again at", "available at", "reset on", "until",
    ]

    /// Seconds, milliseconds or microseconds since 1970; nil for a number that is none of them in our time.
    private static func unix(_ number: Double) -> Timestamp? {
        switch number {
        case 1e9..<1e11: Timestamp(outsideSeconds: number)
        case 1e12..<1e14: Timestamp(outsideSeconds: number / 1e3)
        case 1e15..<1e17: Timestamp(outsideSeconds: number / 1e6)
        default: nil
        }
    }

    // MARK: Lengths

    /// `5 days 22 hours 11 minutes`, `1.5s`, `2h 30m`.
    private static func length(_ words: Words, bare: Bool) -> Duration? {
        var words = words
        var seconds = 0.0
        var parts = 0
        while let number = words.number() {
            guard let unit = words.unit() else {
                guard bare, parts == 0, number < 1e9 else { break }
                // A time of day or a date, and no number of seconds.
                if words.next == ":" || words.next == "-" || words.next == "/" { return nil }
                seconds = number
                parts = 1
                break
            }
            seconds += number * unit
            parts += 1
            words.skipJoining()
        }
        return parts == 0 || !seconds.isFinite ? nil : Duration(outsideSeconds: seconds)
    }

    // MARK: Moments

    /// `Nov 29, 9am (Europe/Berlin)`, `Dec 16th, 2026 12:04 AM`, `6pm`, an ISO time, seconds since 1970.
    private static func absolute(_ words: Words, now: Timestamp) -> Timestamp? {
        var words = words
        words.skipFiller()
        if let time = words.iso() { return time }
        var date = DateParts()
        var found = false
        // The parts come in any order that people write them in.
        for _ in 0..<8 {
            words.skipFiller()
            if let name = words.peekName() {
                if let month = Self.month(name) {
                    guard date.month == nil else { break }
                    date.month = month
                } else if let weekday = Self.weekday(name) {
                    date.weekday = weekday
                } else if name == "tomorrow" {
                    date.daysAhead = 1
                } else if name == "today" {
                    date.daysAhead = 0
                } else {
                    break
                }
                words.takeName()
                found = true
            } else if date.hour == nil, let (hour, minute) = words.timeOfDay() {
                date.hour = hour
                date.minute = minute
                found = true
            } else if let number = words.wholeNumber() {
                if number > 1_000_000 { return unix(Double(number)) }
                if number >= 1970, number <= 9999 {
                    date.year = number
                } else if (1...31).contains(number), date.day == nil {
                    date.day = number
                    words.skipOrdinal()
                } else {
                    break
                }
                found = true
            } else {
                break
            }
        }
        guard found else { return nil }
        return date.time(zone: words.zone() ?? Zone.local, now: now)
    }

    private static func month(_ name: String) -> Int64? {
        let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        let whole = [
            "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november",
            "december",
        ]
        let index = names.firstIndex(of: name) ?? whole.firstIndex(of: name) ?? (name == "sept" ? 8 : nil)
        return index.map { Int64(clamping: $0 + 1) }
    }

    /// 0 for Sunday.
    private static func weekday(_ name: String) -> Int64? {
        let names = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
        guard name.utf8.count >= 3 else { return nil }
        return names.firstIndex { $0.hasPrefix(name) }.map { Int64(clamping: $0) }
    }
}

/// The parts of a time as people write it.
private struct DateParts {
    var year: Int64?
    var month: Int64?
    var day: Int64?
    var weekday: Int64?
    var daysAhead: Int64?
    var hour: Int64?
    var minute: Int64 = 0

    /// The moment that is meant: of several the next, or one that has just passed.
    func time(zone: Zone, now: Timestamp) -> Timestamp? {
        let second = now.microseconds / 1_000_000
        let earliest = second - ResetTime.justPassed.components.seconds
        let shown = second + zone.offset(at: second)
        let today = shown / 86_400 - (shown % 86_400 < 0 ? 1 : 0)
        func moment(_ day: Int64) -> Int64 {
            // fits: a year of four digits
            zone.moment(showing: day * 86_400 + (hour ?? 0) * 3600 + minute * 60)
        }
        let found: Int64?
        if let month, let day {
            let this = Timestamp.civil(fromDays: today).year
            let years = year.map { [$0] } ?? [this - 1, this, this + 1]
            let days = years.map { Timestamp.days(year: $0, month: month, day: day) }
            found = year == nil ? days.lazy.map(moment).first { $0 >= earliest } : days.first.map(moment)
        } else if month != nil || day != nil || year != nil {
            return nil
        } else if let daysAhead {
            found = moment(today + daysAhead)
        } else if let weekday {
            let begins = ((today + 4) % 7 + 7) % 7
            let day = today + (weekday - begins + 7) % 7
            found = [day, day + 7].lazy.map(moment).first { $0 >= earliest }
        } else if hour != nil {
            found = [today, today + 1].lazy.map(moment).first { $0 >= earliest }
        } else {
            return nil
        }
        return found.map { Timestamp(outsideSeconds: Double($0)) }
    }
}

/// The words behind a phrase, taken from the front. Letter case counts in names of zones only.
private struct Words {
    private let original: [UInt8]
    /// What is left, in lower case; its places are those of the original.
    private var rest: ArraySlice<UInt8>

    init(_ text: some StringProtocol) {
        // Nothing that follows so far behind belongs to the time.
        original = Array(text.utf8.prefix(120))
        rest = original.map { (65...90).contains($0) ? $0 | 0x20 : $0 }[...]
    }

    var next: Character? { rest.first.map { Character(UnicodeScalar($0)) } }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte) }

    private mutating func skip(_ characters: String) { rest = rest.drop { characters.utf8.contains($0) } }

    /// Blanks, quotes, and the words that say nothing.
    mutating func skipFiller() {
        while true {
            let before = rest.count
            // The dots between parts are of several bytes, all of them above ASCII.
            rest = rest.drop { " \t,\"':=|[{".utf8.contains($0) || $0 > 127 }
            for word in ["at ", "on ", "the ", "of "] where rest.starts(with: word.utf8) {
                rest = rest.dropFirst(word.utf8.count)
            }
            if rest.count == before { return }
        }
    }

    /// What stands between the parts of a length.
    mutating func skipJoining() {
        skip(" ,")
        if rest.starts(with: "and ".utf8) { rest = rest.dropFirst(4) }
    }

    /// A number with or without a fraction. Between the words and the number stand at most a few signs.
    mutating func number() -> Double? {
        let start = rest.drop { " \":='~".utf8.contains($0) }
        guard rest.count - start.count <= 5 else { return nil }
        let digits = start.prefix { Self.isDigit($0) || $0 == 0x2E }
        guard let first = digits.first, Self.isDigit(first) else { return nil }
        var text = String(decoding: digits, as: UTF8.self)
        while text.last == "." { text.removeLast() }
        guard let value = Double(text) else { return nil }
        rest = start.dropFirst(text.utf8.count)
        return value
    }

    /// How many seconds the unit that follows has; nil where none follows.
    mutating func unit() -> Double? {
        let start = rest.drop { $0 == 0x20 }
        let name = start.prefix(while: Self.isLetter)
        let seconds: Double? =
            switch String(decoding: name, as: UTF8.self) {
            case "ms", "msec", "millisecond", "milliseconds": 0.001
            case "s", "sec", "secs", "second", "seconds": 1
            case "m", "min", "mins", "minute", "minutes": 60
            case "h", "hr", "hrs", "hour", "hours": 3600
            case "d", "day", "days": 86_400
            case "w", "week", "weeks": 604_800
            default: nil
            }
        if seconds != nil { rest = start.dropFirst(name.count) }
        return seconds
    }

    func peekName() -> String? {
        let name = rest.prefix(while: Self.isLetter)
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }

    mutating func takeName() {
        rest = rest.drop(while: Self.isLetter)
        skip(".")
    }

    mutating func wholeNumber() -> Int64? {
        let digits = rest.prefix(while: Self.isDigit)
        guard digits.count <= 17, let value = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
        rest = rest.dropFirst(digits.count)
        return value
    }

    /// `st`, `nd`, `rd`, `th`.
    mutating func skipOrdinal() {
        for end in ["st", "nd", "rd", "th"] where rest.starts(with: end.utf8) { rest = rest.dropFirst(2) }
    }

    /// `9am`, `10:20pm`, `12:04 AM`, `18:30`; nil, with nothing taken, for a number that is not a time of day.
    mutating func timeOfDay() -> (hour: Int64, minute: Int64)? {
        var copy = self
        guard var hour = copy.wholeNumber(), hour <= 24 else { return nil }
        var minute: Int64?
        for part in 0..<2 {
            guard copy.rest.first == UInt8(ascii: ":") else { break }
            copy.rest = copy.rest.dropFirst()
            guard let number = copy.wholeNumber(), number < 60 else { return nil }
            if part == 0 { minute = number }
        }
        var after = copy.rest.drop { $0 == 0x20 }
        // "a.m." as well.
        let letters = after.prefix { Self.isLetter($0) || $0 == 0x2E }.filter { $0 != 0x2E }
        let isMorning = letters.elementsEqual("am".utf8)
        if isMorning || letters.elementsEqual("pm".utf8) {
            guard (1...12).contains(hour) else { return nil }
            hour = hour % 12 + (isMorning ? 0 : 12)
            after = after.drop { Self.isLetter($0) || $0 == 0x2E }
            copy.rest = after
        } else if minute == nil {
            return nil
        }
        self = copy
        return (hour, minute ?? 0)
    }

    /// The zone that follows: `(Europe/Berlin)`, `UTC`, `+02:00`.
    mutating func zone() -> Zone? {
        skip(" ,")
        let isBracketed = rest.first == UInt8(ascii: "(")
        if isBracketed { rest = rest.dropFirst() }
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            rest = rest.dropFirst()
            guard let hours = wholeNumber(), hours <= 14 else { return nil }
            skip(":")
            let minutes = wholeNumber() ?? 0
            guard minutes < 60 else { return nil }
            let offset = hours * 3600 + minutes * 60  // fits: two digits each
            return Zone(offset: sign == UInt8(ascii: "-") ? -offset : offset)
        }
        let name = rest.prefix { Self.isLetter($0) || Self.isDigit($0) || "/_+-".utf8.contains($0) }
        guard !name.isEmpty, isBracketed || name.count <= 4 || name.contains(UInt8(ascii: "/")) else { return nil }
        return Zone(named: String(decoding: original[name.indices], as: UTF8.self))
    }

    /// `2026-11-29T09:00:00Z`, with a blank in place of the T, without seconds, and without a zone, which is then ours.
    mutating func iso() -> Timestamp? {
        let text = String(
            decoding: rest.prefix { Self.isDigit($0) || "-:.tz+ ".utf8.contains($0) }, as: UTF8.self)
        guard text.utf8.count >= 16, text.utf8.dropFirst(4).first == UInt8(ascii: "-") else { return nil }
        var whole = Substring(text)
        while whole.last == " " || whole.last == "." { whole.removeLast() }
        if let time = Timestamp(String(whole)) { return time }
        let minute = whole.prefix(16)
        let second = whole.utf8.dropFirst(16).first == UInt8(ascii: ":") ? whole.prefix(19) : minute + ":00"
        guard let shown = Timestamp("\(second)z") else { return nil }
        var tail = self
        tail.rest = rest.dropFirst(whole.utf8.dropFirst(16).first == UInt8(ascii: ":") ? 19 : 16)
        tail.rest = tail.rest.drop { $0 == 0x2E || Self.isDigit($0) }
        let zone = tail.zone() ?? Zone.local
        return Timestamp(outsideSeconds: Double(zone.moment(showing: shown.microseconds / 1_000_000)))
    }
}
