/// An amount of money: whole millionths of a US dollar, so that sums are exact and a difference leaves no dust.
///
/// What CLIs report is rounded to that. JSON names it in dollars.
public struct Money: Sendable, Hashable, Comparable {
    /// From 0 to a billion dollars.
    public let microdollars: Int

    public static let zero = Money(microdollars: 0)

    private static let range = 0...1_000_000_000_000_000

    public init(microdollars: Int) { self.microdollars = Figure.int(microdollars, in: Self.range) }

    /// The nearest amount; nothing for what is not a number.
    public init(dollars: Double) {
        // fits: numbers with a point do not trap
        self.init(microdollars: Figure.int((dollars * 1_000_000).rounded(), in: Self.range))
    }

    public var dollars: Double { Double(microdollars) / 1_000_000 }

    public static func + (left: Money, right: Money) -> Money {
        Money(microdollars: left.microdollars + right.microdollars)
    }

    /// Nothing if more is taken away than there is.
    public static func - (left: Money, right: Money) -> Money {
        Money(microdollars: left.microdollars - right.microdollars)
    }

    public static func < (left: Money, right: Money) -> Bool { left.microdollars < right.microdollars }
}
