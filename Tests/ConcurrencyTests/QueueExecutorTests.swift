import Concurrency
import Dispatch
import Testing

/// Blocks its own queue until it is let go.
private actor Blocker {
    private let executor = QueueExecutor(label: "test.blocker")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    func block(on semaphore: DispatchSemaphore) -> DispatchTimeoutResult { semaphore.wait(timeout: .now() + 20) }
}

private struct Refused: Error, Equatable {}

@Suite(.timeLimit(.minutes(1))) struct QueueExecutorTests {
    @Test func `actors that block do not hold up the others`() async {
        let semaphore = DispatchSemaphore(value: 0)
        await withTaskGroup(of: DispatchTimeoutResult.self) { group in
            for _ in 0..<32 {
                group.addTask { await Blocker().block(on: semaphore) }
            }
            // Were the pool blocked, this task would never run, and the actors would give up.
            group.addTask {
                for _ in 0..<32 { semaphore.signal() }
                return .success
            }
            for await result in group { #expect(result == .success) }
        }
    }

    @Test func `calls run in order, and values and errors come back`() async {
        let executor = QueueExecutor(label: "test")
        let value = await executor.run { 42 }
        #expect(value == 42)
        await #expect(throws: Refused()) { try await executor.run { () throws(Refused) in throw Refused() } }
    }
}
