import Synchronization
import TestSupport
import Testing

/// Who woke, in order.
private final class Log: Sendable {
    let woken = Mutex<[Int]>([])
}

@Suite(.timeLimit(.minutes(1))) struct ManualClockTests {
    @Test func `sleepers wake in the order of their deadlines, then of their calls`() async throws {
        let clock = ManualClock()
        let log = Log()
        let delays = [30, 10, 20, 10, 30]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, delay) in delays.enumerated() {
                group.addTask {
                    try await clock.sleep(for: .seconds(delay))
                    log.woken.withLock { $0.append(index) }
                }
                // One after the other, so that the order of the calls is known.
                await clock.waitForSleepers(index + 1)
            }
            #expect(clock.nextDeadline?.offset == .seconds(10))
            var moments: [Duration] = []
            var seen: [Set<Int>] = []
            for expected in [2, 1, 2] {
                let before = log.woken.withLock { $0.count }
                moments.append(try #require(clock.advanceToNext()).offset)
                for _ in 0..<expected { try await group.next() }
                seen.append(Set(log.woken.withLock { $0[before...] }))
            }
            #expect(moments == [.seconds(10), .seconds(20), .seconds(30)])
            #expect(seen == [[1, 3], [2], [0, 4]])
        }
        #expect(clock.advanceToNext() == nil)
        #expect(clock.now.offset == .seconds(30))
    }

    @Test func `only the sleepers that are due wake`() async throws {
        let clock = ManualClock()
        async let early: Void = clock.sleep(for: .seconds(1))
        async let late: Void = clock.sleep(for: .seconds(3))
        await clock.waitForSleepers(2)
        clock.advance(by: .seconds(2))
        try await early
        #expect(clock.sleeperCount == 1)
        clock.advance(by: .seconds(1))
        try await late
        #expect(clock.sleeperCount == 0)
    }

    @Test func `a deadline in the past does not wait`() async throws {
        let clock = ManualClock()
        clock.advance(by: .seconds(5))
        try await clock.sleep(until: .init(offset: .seconds(5)))
        #expect(clock.now.offset == .seconds(5))
    }

    @Test func `a cancelled sleep throws and leaves no sleeper`() async {
        let clock = ManualClock()
        let sleeper = Task { try await clock.sleep(for: .seconds(1)) }
        await clock.waitForSleepers(1)
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeperCount == 0)
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(for: .seconds(1))
        }
        await #expect(throws: CancellationError.self) { try await late.value }
        #expect(clock.sleeperCount == 0)
    }
}
