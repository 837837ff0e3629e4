import Model
import TestSupport

/// What a client of the store meets on its way: delays, refusals, links that are cut, and answers that are lost before or
/// after the verb was carried out. A client whose process died gets nothing through any more. What really happened is told to the `Witness`.
struct Fault: StoreInterceptor {
    var random: any Randomness
    var witness: Witness
    /// Chances from 0 to 1.
    var busy = 0.0
    var lostAnswer = 0.0
    var delay = 0.0
    var isDead: @Sendable () -> Bool
    /// Whether its link to the store is down at present.
    var isCut: @Sendable () -> Bool = { false }
    var isCalm: @Sendable () -> Bool

    func around<Answer: Sendable>(
        _ verb: String, _ call: () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        // Listening to the store is not a question that can be lost.
        if verb == "changes" { return try await call() }
        try await stepBefore()
        let answer = try await call()
        if isDead() { throw StoreError(.closed, "the process is dead") }
        if !isCalm(), isCut() || random.unit() < lostAnswer { throw StoreError(.unknownOutcome, "the answer was lost") }
        return answer
    }

    func happened(_ deed: StoreDeed) { witness.saw(deed) }

    private func stepBefore() async throws(StoreError) {
        if isDead() { throw StoreError(.closed, "the process is dead") }
        if isCalm() { return }
        if random.unit() < delay {
            let pause = Int64(random.next() % 2_000_000)
            await Task { try? await Scheduler.shared.sleep(microseconds: pause) }.value
            if isDead() { throw StoreError(.closed, "the process is dead") }
        }
        if isCut() { throw StoreError(.unavailable, "the link is down") }
        if random.unit() < busy { throw StoreError(.busy, "another writer holds the store") }
        if random.unit() < lostAnswer / 2 { throw StoreError(.unknownOutcome, "the question was lost") }
    }
}
