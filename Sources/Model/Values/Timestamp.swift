/// A point in time: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Wall-clock time, because it is stored and shared between machines; it may jump. Written as RFC 3339 in UTC.
public struct Timestamp: Sendable, Hashable, Comparable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The first moment of the year 1: no stored time is earlier.
    public static let earliest = Timestamp(microseconds: -62_135_596_800_000_000)
    /// The last moment of the year 9999, the last one that RFC 3339 can write.
    public static let latest = Timestamp(microseconds: 253_402_300_799_999_999)

    /// A time that somebody else named, in microseconds; one that RFC 3339 cannot write is the nearest that it can.
    public init(outside microseconds: Int64) {
        self.microseconds = min(max(microseconds, Self.earliest.microseconds), Self.latest.microseconds)
    }

    /// A time that somebody else named, in seconds since 1970.
    public init(outsideSeconds seconds: Double) {
        let range = Self.earliest.seconds...Self.latest.seconds
        // fits: numbers with a point do not trap
        self.init(outside: Int64(exactly: (Figure.double(seconds, in: range) * 1_000_000).rounded()) ?? 0)
    }

    /// Seconds since 1970, for places that want a number.
    public var seconds: Double { Double(microseconds) / 1_000_000 }

    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    public static func + (left: Self, right: Duration) -> Self {
        let (sum, overflow) = left.microseconds.addingReportingOverflow(right.wholeMicroseconds)
        return overflow ? (right < .zero ? earliest : latest) : Self(outside: sum)
    }

    public static func - (left: Self, right: Duration) -> Self {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.wholeMicroseconds)
        return overflow ? (right < .zero ? latest : earliest) : Self(outside: difference)
    }

    /// The time from `right` to `left`; negative where `left` is earlier.
    public static func - (left: Self, right: Self) -> Duration {
        .microseconds(left.microseconds) - .microseconds(right.microseconds)
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero; saturates instead of overflowing.
    public var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, tooMuch) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return tooMuch ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds as a number.
    public var inSeconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with a `Z` suffix and six fraction digits.
    public var description: String { rfc3339(suffix: "Z") }

    /// RFC 3339 with the given UTC suffix: `Z` inside JSON documents, `+00:00` in the parents' hash fields.
    public func rfc3339(suffix: String) -> String {
        let dayLength: Int64 = 86_400_000_000
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: dayLength)
        let days = remainder < 0 ? quotient - 1 : quotient
        let rest = remainder < 0 ? remainder + dayLength : remainder
        let (year, month, day) = Self.civil(fromDays: days)
        let second = rest / 1_000_000
        return Self.padded(year, 4) + "-" + Self.padded(month, 2) + "-" + Self.padded(day, 2) + "T"
            + Self.padded(second / 3600, 2) + ":" + Self.padded(second / 60 % 60, 2) + ":"
            + Self.padded(second % 60, 2) + "." + Self.padded(rest % 1_000_000, 6) + suffix
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    // Days since 1970 to the proleptic Gregorian calendar, with years that begin in March so that the leap day is last.
    package static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
    }

    /// Days from 1970 to a day of the Gregorian calendar; negative before.
    package static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Reads RFC 3339 with any offset and 0 to 9 fraction digits (finer than a microsecond is cut off).
    public init?(_ text: String) {
        var bytes = Substring(text).utf8
        func number(_ digits: Int) -> Int64? {
            guard bytes.count >= digits else { return nil }
            var value: Int64 = 0
            for byte in bytes.prefix(digits) {
                guard byte >= 48, byte <= 57 else { return nil }
                value = value * 10 + Int64(byte - 48)  // fits: four digits at most
            }
            bytes = bytes.dropFirst(digits)
            return value
        }
        func skip(_ allowed: String) -> UInt8? {
            guard let byte = bytes.first, allowed.utf8.contains(byte) else { return nil }
            bytes = bytes.dropFirst()
            return byte
        }
        guard let year = number(4), skip("-") != nil, let month = number(2), (1...12).contains(month),
            skip("-") != nil, let day = number(2), (1...31).contains(day), skip("Tt ") != nil,
            let hour = number(2), hour < 24, skip(":") != nil, let minute = number(2), minute < 60,
            skip(":") != nil, let second = number(2), second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if skip(".") != nil {
            var digits = 0
            while let byte = bytes.first, byte >= 48, byte <= 57 {
                if digits < 6 { fraction = fraction * 10 + Int64(byte - 48) }  // fits: six digits at most
                digits += 1
                bytes = bytes.dropFirst()
            }
            guard digits > 0 else { return nil }
            for _ in 0..<max(0, 6 - digits) { fraction *= 10 }
        }
        var offset: Int64 = 0
        if let sign = skip("Zz+-") {
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                guard let hours = number(2), skip(":") != nil, let minutes = number(2) else { return nil }
                offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60 : 60)  // fits: two digits each
            }
        } else {
            return nil
        }
        guard bytes.isEmpty else { return nil }
        // fits: a year of four digits
        let whole = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(outside: whole * 1_000_000 + fraction)  // fits: a year of four digits
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not an RFC 3339 time")
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
