import Model
import Testing

@Suite struct FailurePolicyTests {
    private let policy = FailurePolicy()
    private let now = Timestamp("2026-11-28T12:00:00Z")!

    /// What follows from the first and from the second failure in a row: seconds until the next try (nil: none is set),
    /// whether the agent is paused, whether the attempt counts, whether the session is dropped.
    private struct Row {
        var kind: FailureClass
        var waits: [Double?]
        var pauses = false
        var counts: Bool
        var drops = [false, false]
    }

    private static let table = [
        Row(kind: .authentication, waits: [nil, nil], pauses: true, counts: false),
        Row(kind: .configuration, waits: [nil, nil], pauses: true, counts: false),
        Row(kind: .missingProgram, waits: [2, 8], counts: false),
        Row(kind: .quota, waits: [3600, 7200], counts: false),
        Row(kind: .rateLimit, waits: [10, 20], counts: false),
        Row(kind: .network, waits: [10, 20], counts: false),
        Row(kind: .machine, waits: [10, 20], counts: false),
        Row(kind: .contextOverflow, waits: [nil, 20], counts: true, drops: [true, true]),
        Row(kind: .sessionLost, waits: [nil, 20], counts: true, drops: [true, true]),
        Row(kind: .crash, waits: [10, 20], counts: true),
        Row(kind: .timeout, waits: [10, 20], counts: true),
        Row(kind: .refusal, waits: [10, 20], counts: true, drops: [false, true]),
        Row(kind: .unusableOutput, waits: [10, 20], counts: true, drops: [false, true]),
    ]

    @Test func `each class of failure has its consequences, the first and the second time`() {
        #expect(Set(Self.table.map(\.kind)) == Set(FailureClass.allCases))
        for row in Self.table {
            for (index, wait) in row.waits.enumerated() {
                let verdict = policy.verdict(on: Failure(row.kind, "why"), failures: index + 1, now: now, jitter: 0.5)
                let times = "\(row.kind), failure \(index + 1)"
                #expect(verdict.retryAt.map { ($0 - now).inSeconds } == wait, "\(times)")
                #expect(verdict.pause == (row.pauses ? "why" : nil), "\(times)")
                #expect(verdict.countsAttempt == row.counts, "\(times)")
                #expect(verdict.dropsSession == row.drops[index], "\(times)")
                #expect(verdict.note == (row.kind == .machine ? "why" : nil), "\(times)")
            }
        }
    }

    @Test func `agents that failed together do not return together`() {
        for kind in [FailureClass.crash, .network, .rateLimit, .quota, .machine, .missingProgram] {
            let spread = [0, 0.25, 0.5, 0.75, 1].map { jitter in
                policy.verdict(on: Failure(kind, "x"), failures: 1, now: now, jitter: jitter).retryAt! - now
            }
            #expect(Set(spread).count == (kind == .quota ? 1 : 5), "\(kind)")
            if kind != .quota { #expect((spread[4] / spread[0] * 10).rounded() == 15, "from -20 to +20 percent") }
        }
    }

    private func pause(_ kind: FailureClass, _ failures: Int, resetAt: Timestamp? = nil) -> Double? {
        policy.verdict(on: Failure(kind, "x", resetAt: resetAt), failures: failures, now: now, jitter: 0.5)
            .retryAt.map { ($0 - now).inSeconds }
    }

    @Test func `pauses grow where nobody says how long`() {
        #expect((1...6).map { pause(.quota, $0) } == [3600, 7200, 14_400, 21_600, 21_600, 21_600])
        #expect((1...12).map { pause(.rateLimit, $0) }.last == 3600)
        #expect((1...12).map { pause(.network, $0) }.last == 300)
        #expect(pause(.rateLimit, 3) == 40)
    }

    @Test func `a reset is waited for, and one that no plan has is none`() {
        #expect(pause(.quota, 1, resetAt: now + .seconds(5000)) == 5000)
        #expect(pause(.quota, 1, resetAt: now + .seconds(20_000_000 * 86_400)) == 3600)
        #expect(pause(.quota, 3, resetAt: now - .seconds(60)) == 40)
    }

    @Test func `a missing program is looked for again before a person is asked`() {
        #expect((1...4).map { pause(.missingProgram, $0) } == [2, 8, 32, nil])
        // Never later than after any other failure: a town may set a short first delay.
        let brief = FailurePolicy(firstDelay: .milliseconds(500))
        let next = brief.verdict(on: Failure(.missingProgram, "x"), failures: 2, now: now, jitter: 0.5).retryAt
        #expect(next == now + .seconds(2))
    }

    @Test func `a turn that left its task open at once is followed after a pause`() {
        let started = now - .seconds(1)
        #expect(policy.nextAfterOpen(started: started, reminders: 0, now: now, jitter: 0.5) == started + .seconds(10))
        #expect(policy.nextAfterOpen(started: started, reminders: 1, now: now, jitter: 0.5) == started + .seconds(20))
        #expect(policy.nextAfterOpen(started: now - .seconds(30), reminders: 0, now: now, jitter: 0.5) == nil)
    }
}
