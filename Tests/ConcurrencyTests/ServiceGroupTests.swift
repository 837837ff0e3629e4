import Concurrency
import Synchronization
import TestSupport
import Testing

/// What services did, in order.
private final class Diary: Sendable {
    private let lines = Mutex<[String]>([])
    func note(_ line: String) { lines.withLock { $0.append(line) } }
    var text: [String] { lines.withLock { $0 } }
}

private struct Broken: Error, CustomStringConvertible {
    let description: String
}

private struct Fake: Service {
    let name: String
    let diary: Diary
    var grace: Duration? = .seconds(5)
    var start: (@Sendable () async throws -> Void)?
    /// What it does in place of waiting for its end.
    var work: Work?

    func start() async throws -> Work? {
        try await start?()
        diary.note("\(name) starts")
        return { stopping in
            do {
                if let work { try await work(stopping) } else { for await _ in stopping {} }
            } catch {
                diary.note("\(name) fails")
                throw error
            }
            diary.note("\(name) ends")
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct ServiceGroupTests {
    private let diary = Diary()
    private let stopping: AsyncStream<Never>
    private let stop: AsyncStream<Never>.Continuation

    init() { (stopping, stop) = AsyncStream.makeStream() }

    private func fake(_ name: String, grace: Duration? = .seconds(5), _ work: Service.Work? = nil) -> Fake {
        Fake(name: name, diary: diary, grace: grace, work: work)
    }

    private func group(_ services: [Fake], clock: any Clock<Duration> = ContinuousClock()) -> ServiceGroup {
        ServiceGroup(services, clock: clock) { [diary] in diary.note($0) }
    }

    @Test func `services start in their order and end in the reverse one`() async throws {
        let third = fake("third") { [stop] stopping in
            stop.finish()
            for await _ in stopping {}
        }
        try await group([fake("first"), fake("second"), third]).run(until: stopping)
        #expect(
            diary.text == [
                "first starts", "second starts", "third starts", "third ends", "second ends", "first ends",
            ])
    }

    @Test func `the group ends when the last service has done its work, and not when another one has`() async throws {
        let done = OneShot<Void>()
        let quick = fake("quick") { _ in done.set(()) }
        let last = fake("last") { _ in try await done.wait() }
        try await group([fake("first"), quick, last]).run(until: stopping)
        #expect(diary.text.suffix(1) == ["first ends"])
        #expect(Set(diary.text).isSuperset(of: ["quick ends", "last ends"]))
    }

    @Test func `a failure ends the others and is thrown; what fails after it is reported`() async throws {
        let broken = fake("broken") { _ in throw Broken(description: "it broke") }
        let sore = fake("sore") { stopping in
            for await _ in stopping {}
            throw Broken(description: "that as well")
        }
        let error = await #expect(throws: Broken.self) {
            try await group([sore, broken, fake("last")]).run(until: stopping)
        }
        #expect(error?.description == "it broke")
        #expect(diary.text.suffix(3) == ["last ends", "sore fails", "sore failed: that as well"])
    }

    @Test func `if a service cannot start, only those before it are ended`() async throws {
        var refused = fake("refused")
        refused.start = { throw Broken(description: "no") }
        await #expect(throws: Broken.self) {
            try await group([fake("first"), refused, fake("last")]).run(until: stopping)
        }
        #expect(diary.text == ["first starts", "first ends"])
    }

    @Test func `a service that does not end is cancelled after its grace, and those before it end after it`()
        async throws
    {
        let clock = ManualClock()
        let stuck = fake("stuck", grace: .seconds(3)) { _ in try await OneShot<Void>().wait() }
        let ending = Task { try await group([fake("first"), stuck], clock: clock).run(until: stopping) }
        stop.finish()
        await clock.waitForSleepers(1)
        #expect(!diary.text.contains("stuck fails"))
        clock.advance(by: .seconds(3))
        try await ending.value
        #expect(
            diary.text == [
                "first starts", "stuck starts", "stuck did not end within 3.0 seconds and is cancelled", "stuck fails",
                "first ends",
            ])
    }

    @Test func `cancelling the group cancels all services without their grace`() async throws {
        let begun = OneShot<Void>()
        let stuck = fake("stuck", grace: nil) { _ in
            begun.set(())
            try await OneShot<Void>().wait()
        }
        let running = Task { try await group([fake("first"), stuck]).run(until: stopping) }
        try await begun.wait()
        running.cancel()
        try await running.value
        #expect(diary.text.contains("stuck fails") && diary.text.contains("first ends"))
    }

    @Test func `what is interrupted ends with the stream, or by itself`() async throws {
        try await stopping.interrupting { [diary] in diary.note("done") }
        stop.finish()
        let (other, end) = AsyncStream.makeStream(of: Never.self)
        end.finish()
        try await other.interrupting { try await OneShot<Void>().wait() }
        #expect(diary.text == ["done"])
    }
}
