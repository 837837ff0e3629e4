import Concurrency
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite(.timeLimit(.minutes(1))) struct WakeBudgetTests {
    @Test func `a burst is free, and after it the rate holds`() {
        var budget = WakeBudget(burst: 10, interval: .milliseconds(5))
        let now = ContinuousClock.now
        for _ in 0..<10 { #expect(budget.count(at: now) == nil) }
        #expect(budget.count(at: now) == .milliseconds(5))
        #expect(budget.count(at: now + .milliseconds(5)) == .milliseconds(5))
    }

    @Test func `a steady rate within the limit never rests`() {
        var budget = WakeBudget(burst: 10, interval: .milliseconds(5))
        let now = ContinuousClock.now
        for step in 0..<10_000 { #expect(budget.count(at: now + .milliseconds(6) * step) == nil) }
    }

    @Test func `calls that come too soon become one, and the last is followed by one`() async throws {
        let counter = Counter()
        let (done, continuation) = AsyncStream.makeStream(of: Void.self)
        let pacer = Pacer(WakeBudget(burst: 5, interval: .milliseconds(20))) {
            counter.add()
            if counter.isLast { continuation.yield() }
        }
        for _ in 0..<1000 { pacer.call() }
        #expect((5...8).contains(counter.calls))
        counter.expectLast()
        pacer.call()
        for await _ in done { break }
        #expect(counter.calls <= 10)
    }

    @Test func `a descriptor that is always ready is handled at the rate, and others are not held up`() async throws {
        var (busy, other): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try #require(pipe(&busy) == 0 && pipe(&other) == 0)
        _ = write(busy[1], "x", 1)
        let counter = Counter()
        let (heard, continuation) = AsyncStream.makeStream(of: Void.self)
        let floods = Reactor.shared.register(
            busy[0], for: .reading, budget: WakeBudget(burst: 5, interval: .milliseconds(10))
        ) { counter.add() }
        let otherEnd = other[0]
        let calm = Reactor.shared.register(otherEnd, for: .reading) {
            var byte: UInt8 = 0
            _ = read(otherEnd, &byte, 1)
            continuation.yield()
        }
        let begun = ContinuousClock.now
        var heardOnes = heard.makeAsyncIterator()
        for _ in 0..<20 {
            _ = write(other[1], "x", 1)
            await heardOnes.next()
            try await Task.sleep(for: .milliseconds(10))
        }
        let most = 5 + Int(begun.duration(to: .now) / .milliseconds(10)) + 2
        #expect(counter.calls > 5 && counter.calls <= most, "\(counter.calls) calls, at most \(most) expected")
        floods.cancel()
        calm.cancel()
    }
}

/// Counts calls, on any thread.
private final class Counter: Sendable {
    private let state = Mutex((calls: 0, isLast: false))
    var calls: Int { state.withLock { $0.calls } }
    var isLast: Bool { state.withLock { $0.isLast } }
    func add() { state.withLock { $0.calls += 1 } }
    func expectLast() { state.withLock { $0.isLast = true } }
}
