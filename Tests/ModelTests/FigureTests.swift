import Model
import Testing

@Suite struct FigureTests {
    @Test func `a number outside its range is the nearest inside, and what is none is the lowest`() {
        #expect(Figure.int(1e300, in: Figure.tokens) == Figure.tokens.upperBound)
        #expect(Figure.int(-1e300, in: Figure.tokens) == 0)
        #expect(Figure.int(Double.nan, in: 3...5) == 3)
        #expect(Figure.int(Double.infinity, in: .min ... .max) == .max)
        #expect(Figure.int(9.9, in: 0...10) == 9)
        #expect(Figure.int(UInt64.max, in: Figure.counts) == Figure.counts.upperBound)
        #expect(Figure.double(.nan, in: Figure.seconds) == 0)
        #expect(Figure.double(.infinity, in: Figure.seconds) == 1e9)
    }

    @Test func `a text with too many digits is the nearest, and one that is no number is none`() {
        #expect(Figure.int("99999999999999999999999", in: Figure.counts) == Figure.counts.upperBound)
        #expect(Figure.int("-99999999999999999999999", in: Figure.counts) == 0)
        #expect(Figure.int("12", in: Figure.counts) == 12)
        for text in ["", "-", "1e9", "nan", " 1", "0x10"] { #expect(Figure.int(text, in: Figure.counts) == nil) }
    }

    @Test func `sums stop at the ends`() {
        #expect(Figure.sum(.max, 1, in: .min ... .max) == .max)
        #expect(Figure.sum(.min, -1, in: .min ... .max) == .min)
        let most = Usage(
            inputTokens: .max, outputTokens: .max, cachedInputTokens: .max, cacheWriteTokens: .max, costUSD: .infinity)
        #expect(most + most == most)
        #expect(Usage(inputTokens: .min, costUSD: .nan) == Usage(costUSD: 0))
        #expect(Usage().since(most) == Usage())
    }

    @Test func `what was written to a cache is known if a report says it, and its growth if both do`() {
        let (first, second) = (Usage(inputTokens: 9, cacheWriteTokens: 4), Usage(inputTokens: 19, cacheWriteTokens: 7))
        #expect(second.since(first) == Usage(inputTokens: 10, cacheWriteTokens: 3))
        #expect(second.since(Usage()) == second)
        #expect(second.since(Usage(inputTokens: 9)) == Usage(inputTokens: 10))
        #expect(Usage(inputTokens: 19).since(first) == Usage(inputTokens: 10))
        #expect(first + Usage(inputTokens: 1) == Usage(inputTokens: 10, cacheWriteTokens: 4))
        #expect(Usage(inputTokens: 1) + first == Usage(inputTokens: 10, cacheWriteTokens: 4))
        #expect((Usage() + Usage()).cacheWriteTokens == nil)
    }

    @Test func `money is exact to a millionth of a dollar, and stops at the ends`() {
        #expect(Money(dollars: 0.1) + Money(dollars: 0.2) == Money(dollars: 0.3))
        let sum = (0..<1000).reduce(Money.zero) { sum, _ in sum + Money(dollars: 0.001) }
        #expect(sum.dollars == 1)
        #expect(Money(dollars: 0.7) - Money(dollars: 0.6) == Money(microdollars: 100_000))
        #expect(Money(dollars: 1) - Money(dollars: 2) == .zero)
        #expect(Money(dollars: .nan) == .zero && Money(dollars: -1) == .zero)
        let most = Money(dollars: .infinity)
        #expect(most.dollars == 1e9 && most + most == most)
        #expect(Usage(costUSD: 0.3).since(Usage(costUSD: 0.1)).costUSD == 0.2)
    }

    @Test func `times and lengths of time stop at the ends`() {
        #expect(Timestamp.latest + .seconds(Int64.max) == .latest)
        #expect(Timestamp.earliest - .seconds(Int64.max) == .earliest)
        #expect(Timestamp(outsideSeconds: 1e300) == .latest)
        #expect(Timestamp(outsideSeconds: .nan) == .earliest)
        #expect(Timestamp(outsideSeconds: 1_700_000_000) == Timestamp(microseconds: 1_700_000_000_000_000))
        #expect(Timestamp(microseconds: .max) - Timestamp(microseconds: .min) > .seconds(Int64.max / 1_000_000))
        #expect(Timestamp.latest.description == "9999-12-31T23:59:59.999999Z")
        #expect(Timestamp.earliest.description == "0001-01-01T00:00:00.000000Z")
        // Whatever is in one, it can be shown.
        for number in [Int64.min, .min + 1, -1, 0, .max] { _ = Timestamp(microseconds: number).description }
        #expect(Duration(outsideSeconds: .infinity) == .seconds(1_000_000_000))
        #expect(Duration.seconds(Int64.min).wholeMicroseconds == .min)
        for failures in [Int.min, -1, 0, 1, .max] {
            let delay = FailurePolicy().delay(failures: failures, jitter: 1)
            #expect(delay >= .seconds(8) && delay <= .seconds(360))
        }
    }

    @Test func `a service cannot ask for more than a month`() {
        let now = Timestamp(microseconds: 0)
        for kind in [FailureClass.quota, .rateLimit] {
            let verdict = FailurePolicy().verdict(
                on: Failure(kind, "", resetAt: .latest), failures: 1, now: now, jitter: 0)
            #expect(verdict.retryAt == now + .seconds(kind == .quota ? 3600 : 8))
        }
    }
}
