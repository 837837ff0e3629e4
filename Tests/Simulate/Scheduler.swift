import CSimulation
import Model
import Synchronization
import TestSupport

/// Runs every job of the process on one thread, in an order that a seed decides, and owns time.
///
/// When no job is left the clock moves to the next sleeper, so that hours pass in milliseconds and a run repeats
/// exactly from its seed.
final class Scheduler: Sendable {
    static let shared = Scheduler()

    private struct Sleeper {
        var deadline: Int64
        var id: Int
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var random = SeededRandomness(seed: 0)
        var now: Int64 = 0
        var sleepers: [Sleeper] = []
        var lastSleeper = 0
        var cancelled: Set<Int> = []
        var steps = 0
    }

    private let state = Mutex(State())
    private let executor = PumpExecutor()

    private final class PumpExecutor: SerialExecutor {
        func enqueue(_ job: consuming ExecutorJob) { Scheduler.shared.add(UnownedJob(job)) }
    }

    private init() {
        simulation_capture_jobs { job in
            Scheduler.shared.add(unsafeBitCast(job, to: UnownedJob.self))
        }
    }

    /// Begins a run: time zero, the seed's order.
    func begin(seed: UInt64) {
        state.withLock { state in
            precondition(state.jobs.isEmpty, "an earlier run left jobs behind")
            state.random = SeededRandomness(seed: seed ^ 0xD1B5_4A32_D192_ED03)
            state.now = 1_800_000_000_000_000
            state.sleepers = []
            state.cancelled = []
            state.steps = 0
        }
    }

    fileprivate func add(_ job: UnownedJob) { state.withLock { $0.jobs.append(job) } }

    /// Microseconds of true time.
    var now: Int64 { state.withLock { $0.now } }
    var steps: Int { state.withLock { $0.steps } }

    /// Runs until `isDone`, or until nothing can ever happen any more.
    /// - Returns: false where the run is stuck.
    func run(until isDone: () -> Bool) -> Bool {
        while !isDone() {
            let job: UnownedJob? = state.withLock { state in
                guard !state.jobs.isEmpty else { return nil }
                state.steps += 1
                let index = Int(state.random.next() % UInt64(state.jobs.count))
                state.jobs.swapAt(index, state.jobs.count - 1)
                return state.jobs.removeLast()
            }
            if let job {
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
            } else if !wakeNext() {
                return false
            }
        }
        return true
    }

    /// Runs what is left without moving the clock, so that nothing of this run reaches the next.
    func finish() {
        while true {
            let job = state.withLock { $0.jobs.popLast() }
            if let job {
                job.runSynchronously(on: executor.asUnownedSerialExecutor())
                continue
            }
            let sleepers = state.withLock { state in
                defer { state.sleepers = [] }
                return state.sleepers
            }
            if sleepers.isEmpty { return }
            for sleeper in sleepers { sleeper.continuation.resume(returning: false) }
        }
    }

    private func wakeNext() -> Bool {
        let sleeper: Sleeper? = state.withLock { state in
            guard
                let index = state.sleepers.indices.min(by: {
                    (state.sleepers[$0].deadline, state.sleepers[$0].id) < (
                        state.sleepers[$1].deadline, state.sleepers[$1].id
                    )
                })
            else { return nil }
            let sleeper = state.sleepers.remove(at: index)
            state.now = max(state.now, sleeper.deadline)
            return sleeper
        }
        sleeper?.continuation.resume(returning: true)
        return sleeper != nil
    }

    func sleep(microseconds: Int64) async throws {
        let id = state.withLock { state in
            state.lastSleeper += 1
            return state.lastSleeper
        }
        let woke = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return false }
                    state.sleepers.append(
                        Sleeper(deadline: state.now + max(0, microseconds), id: id, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let sleeper: Sleeper? = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(returning: false)
        }
        guard woke else { throw CancellationError() }
    }
}

/// A host's clock: true time with an error that may jump.
final class SimulatedTime: TimeSource {
    private let skew = Mutex(Int64(0))

    func jump(to microseconds: Int64) { skew.withLock { $0 = microseconds } }

    func now() -> Timestamp {
        Timestamp(microseconds: Scheduler.shared.now + skew.withLock { $0 })
    }

    func sleep(for duration: Duration) async throws {
        try await Scheduler.shared.sleep(microseconds: duration.wholeMicroseconds)
    }
}
