/// Numbers that come from a CLI, a file, a server or a person.
///
/// They may hold anything, so nothing here traps: a number outside its range becomes the nearest
/// one inside, what is not a number becomes the lowest, and sums stop at the ends of the range.
public enum Figure {
    /// Tokens of a session; a year of the largest models at full speed uses less.
    public static let tokens: ClosedRange<Int> = 0...1_000_000_000_000
    /// How often something happened, and how many there are of something.
    public static let counts: ClosedRange<Int> = 0...1_000_000_000_000
    /// Places in the order of arrival, and epochs of leases: whole numbers that JSON and Lua hold exactly.
    public static let sequences: ClosedRange<Int64> = 0...(1 << 53)
    /// Lengths of time in seconds: some thirty years.
    public static let seconds: ClosedRange<Double> = 0...1_000_000_000

    /// The whole number nearest to `number` in `range`, rounded towards zero; the lowest for what is not a number.
    public static func int(_ number: Double, in range: ClosedRange<Int>) -> Int {
        guard number > Double(range.lowerBound) else { return range.lowerBound }
        guard number < Double(range.upperBound) else { return range.upperBound }
        return Int(exactly: number.rounded(.towardZero)) ?? range.lowerBound
    }

    /// The same of a whole number of another type.
    public static func int(_ number: some BinaryInteger, in range: ClosedRange<Int>) -> Int {
        min(max(Int(clamping: number), range.lowerBound), range.upperBound)
    }

    /// Reads a whole number; nil for what is none. One with too many digits is the nearest in `range`.
    public static func int(_ text: some StringProtocol, in range: ClosedRange<Int>) -> Int? {
        if let number = Int(text) { return int(number, in: range) }
        let isNegative = text.utf8.first == 0x2D
        let digits = text.utf8.dropFirst(isNegative || text.utf8.first == 0x2B ? 1 : 0)
        guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return isNegative ? range.lowerBound : range.upperBound
    }

    /// The number nearest to `number` in `range`; the lowest for what is not a number.
    public static func double(_ number: Double, in range: ClosedRange<Double>) -> Double {
        number > range.lowerBound ? min(number, range.upperBound) : range.lowerBound
    }

    /// The sum of two numbers, within `range`.
    public static func sum(_ left: Int, _ right: Int, in range: ClosedRange<Int>) -> Int {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? (right < 0 ? range.lowerBound : range.upperBound) : int(sum, in: range)
    }

    /// A sequence number within its range.
    public static func sequence(_ number: Int64) -> Int64 {
        min(max(number, sequences.lowerBound), sequences.upperBound)
    }
}

extension Int {
    /// `1 agent`, `2 agents`: this many of something whose name takes an s.
    public func of(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension Duration {
    /// A length of time that somebody else named: between nothing and some thirty years.
    public init(outsideSeconds seconds: Double) {
        // fits: numbers with a point do not trap
        let microseconds = Figure.double(seconds, in: Figure.seconds) * 1_000_000
        self = .microseconds(Int64(exactly: microseconds.rounded()) ?? 0)
    }
}
