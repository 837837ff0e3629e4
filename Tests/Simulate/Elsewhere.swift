import CSimulation
import Model
import StoreVerbs
import Synchronization
import TestSupport

/// Carries out what needs real time and real threads, such as a store on a disk. The simulated town stands still
/// meanwhile, so that the order of everything in it is the seed's all the same.
func elsewhere<Value: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () async throws(Failure) -> Value
) throws(Failure) -> Value {
    let answer = Answer<Value, Failure>()
    simulation_leave(true)
    Task {
        do throws(Failure) {
            let value = try await body()
            answer.result.withLock { $0 = .success(value) }
        } catch {
            answer.result.withLock { $0 = .failure(error) }
        }
        simulation_answer()
    }
    simulation_leave(false)
    simulation_await()
    guard let result = answer.result.withLock({ $0 }) else { preconditionFailure("woken without an answer") }
    return try result.get()
}

private final class Answer<Value: Sendable, Failure: Error>: Sendable {
    let result = Mutex<Result<Value, Failure>?>(nil)
}

/// Reaches a real store from a simulated town: each verb is over before anything else happens in the town.
///
/// Real bells ring when they like, so this one rings in their place, when a verb has written.
struct Crossing: StoreInterceptor {
    private static let quiet: Set<String> = [
        "inbox", "delivery", "deadLetters", "queueCounts", "waitingCounts", "leases", "agents", "agent", "pulse",
        "task",
        "tasks", "taskCounts", "hosts", "events", "latestEvents", "document", "documents", "due", "export", "renew",
        "note", "tidy",
    ]
    /// Those that often find nothing to do; what they did is heard.
    private static let hesitant: Set<String> = ["lease", "offer", "announce"]

    /// Heard by all who follow the town, whichever way they reach its store.
    let bell: ChangeBell
    private let deeds = Deeds()

    private final class Deeds: Sendable {
        let count = Mutex(0)
        /// As they announced themselves, but for how long that holds.
        let hosts = Mutex([HostID: Host]())
    }

    init(bell: ChangeBell) { self.bell = bell }

    func around<Answer: Sendable>(
        _ verb: String, _ call: () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        if verb == "changes", let stream = bell.follow() as? Answer { return stream }
        let before = deeds.count.withLock { $0 }
        let answer = try Self.carryOut(call)
        let isNews = Self.hesitant.contains(verb) ? deeds.count.withLock { $0 } > before : !Self.quiet.contains(verb)
        if isNews { bell.ring() }
        return answer
    }

    func happened(_ deed: StoreDeed) {
        if case .announced(var host) = deed {
            host.expiresAt = host.startedAt
            if deeds.hosts.withLock({ $0.updateValue(host, forKey: host.id) }) == host { return }
        }
        deeds.count.withLock { $0 += 1 }
    }

    /// Nothing escapes: this thread waits until the call has returned and is let go of.
    private static func carryOut<Answer: Sendable>(
        _ call: () async throws(StoreError) -> Answer
    ) throws(StoreError) -> Answer {
        let result: Result<Answer, StoreError> = withoutActuallyEscaping(call) { call in
            let loan = Loan(call)
            do throws(StoreError) {
                return .success(try elsewhere { () async throws(StoreError) in try await loan.use() })
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    // Two threads have it, one after the other.
    private final class Loan<Answer: Sendable>: @unchecked Sendable {
        private var call: (() async throws(StoreError) -> Answer)?

        init(_ call: @escaping () async throws(StoreError) -> Answer) { self.call = call }

        func use() async throws(StoreError) -> Answer {
            defer { call = nil }
            guard let answer = try await call?() else { preconditionFailure("a call is used once") }
            return answer
        }
    }
}
