import Concurrency
import Testing

@Suite(.timeLimit(.minutes(1))) struct OneShotTests {
    @Test func `everybody gets the value that was set first`() async throws {
        let event = OneShot<Int>()
        #expect(event.current == nil)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await event.wait() } }
            for _ in 0..<50 { group.addTask { await event.value } }
            #expect(event.set(1))
            #expect(!event.set(2))
            for try await value in group { #expect(value == 1) }
        }
        #expect(event.current == 1)
        #expect(await event.value == 1)
    }

    @Test func `a cancelled wait throws, and the others go on waiting`() async throws {
        let event = OneShot<String>()
        let cancelled = Task { try await event.wait() }
        let patient = Task { try await event.wait() }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        event.set("done")
        #expect(try await patient.value == "done")
    }

    @Test func `a value that is there is returned even to a cancelled task`() async throws {
        let event = OneShot<Int>()
        event.set(7)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await event.wait()
        }
        #expect(try await task.value == 7)
    }
}
