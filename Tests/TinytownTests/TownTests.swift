import FoundationEssentials
import TestOrder
import TestSupport
import Testing
import Tinytown

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct LibraryTownTests {
    @Test func `a town is made once and found again with everything in it`() async throws {
        let bench = try await Bench()
        let worker = try await bench.town.join("worker", role: "backend")
        let task = try await worker.assign("Build it", tags: ["backend"])
        let other = try await bench.again()
        #expect(other.name == "bench" && other.root == bench.town.root)
        let found = try await other.agent("WORKER")
        #expect(found.id == worker.id)
        #expect(try await found.state().role == "backend")
        #expect(try await other.task(task).assignedTo == worker.id)
        #expect(try await other.tasks(of: found).map(\.id) == [task])
        #expect(
            await code { _ = try await Town.initialize(at: bench.town.root, hosting: .none) } == .alreadyInitialized)
        await other.close()
        await bench.town.close()
    }

    @Test func `every failure has a code of its own`() async throws {
        let bench = try await Bench()
        let town = bench.town
        #expect(await code { _ = try await Town.connect(to: bench.folder.path, hosting: .none) } == .notInitialized)
        #expect(await code { _ = try await town.agent("nobody") } == .agentNotFound)
        #expect(await code { _ = try await town.agent("supervisor") } == .invalid)
        let unknown = try #require(TaskID("00000000-0000-4000-8000-000000000000"))
        #expect(await code { _ = try await town.task(unknown) } == .taskNotFound)
        #expect(await code { _ = try await town.complete(unknown, result: "") } == .taskNotFound)
        #expect(await code { _ = try await town.wait(for: unknown) } == .taskNotFound)
        #expect(await code { _ = try await town.spawn("no/slashes") } == .invalid)
        #expect(await code { _ = try await town.spawn("conductor") } == .invalid)
        let hosted = try await town.spawn("hosted", cli: "claude")
        #expect(await code { _ = try await town.spawn("hosted") } == .nameTaken)
        #expect(await code { _ = try await town.join("hosted") } == .nameTaken)
        #expect(await code { _ = try await hosted.inbox.tryReceive() } == .conflict)
        #expect(await code { _ = try await hosted.assign(" \n") } == .invalid)
        #expect(await code { _ = try await hosted.assign("x", dependsOn: [unknown]) } == .taskNotFound)
        #expect(await code { _ = try await hosted.restart() } == .conflict)
        let task = try await hosted.assign("work")
        try await town.complete(task, result: "done")
        #expect(await code { _ = try await town.fail(task, reason: "late") } == .conflict)
        #expect(await code { _ = try await town.backlog.claim(task, for: hosted) } == .conflict)
        #expect(await code { _ = try await town.wait(for: hosted.assign("more"), timeout: .zero) } == .timedOut)
        #expect(await code { _ = try await town.inbox.receive(timeout: .milliseconds(1)) } == .timedOut)
        for number in 1...9 { _ = try await town.join("a\(number)") }
        #expect(await code { _ = try await town.join("one-too-many") } == .tooManyAgents)
        let waiting = Task { try await town.inbox.receive() }
        waiting.cancel()
        #expect(await code { _ = try await waiting.value } == .cancelled)
        await town.close()
        #expect(await code { _ = try await town.agents() } == .closed)
    }

    @Test func `agents that nothing can run are told of at once where tt is missing`() async throws {
        let bench = try await Bench()
        let town = try await Town.connect(
            to: bench.town.root, hosting: .background(), environment: Bench.environment(bench.folder))
        #expect(await code { _ = try await town.spawn("worker", cli: "claude") } == .unavailable)
        await town.close()
        await bench.town.close()
    }

    @Test func `waiting for a task is woken by its end, and a task that waits begins with the end of another`()
        async throws
    {
        let bench = try await Bench()
        let town = bench.town
        let (builder, reviewer) = (try await town.join("builder"), try await town.join("reviewer"))
        let build = try await builder.assign("build")
        let review = try await reviewer.assign("review", tags: ["review"], dependsOn: [build])
        #expect(try await town.task(review).isWaiting)
        #expect(try await reviewer.inboxLength() == 0)
        #expect(await code { _ = try await town.complete(review, result: "approved") } == .conflict)
        let ended = Task { try await town.wait(for: build, timeout: .seconds(30)) }
        try await town.complete(build, result: "built", by: builder)
        #expect(try await ended.value.result == "built")
        let announced = try await reviewer.inbox.receive(timeout: .seconds(10))
        #expect(announced.message.content == .taskAssigned(review))
        await town.close()
    }

    @Test func `the log tells each event once, in order, as it happens`() async throws {
        let bench = try await Bench()
        let town = bench.town
        let events = try await town.events()
        let worker = try await town.join("worker")
        let task = try await town.backlog.add("somebody's work", tags: ["any"])
        try await town.backlog.claim(task, for: worker)
        try await town.cancel(task, reason: "not needed")
        var seen: [TownEvent] = []
        for try await event in events {
            seen.append(event)
            if event.type == "task_cancelled" { break }
        }
        #expect(seen.map(\.id) == Array(seen[0].id..<seen[0].id + Int64(seen.count)))
        #expect(seen.filter { $0.task == task }.map(\.type).first == "task_created")
        #expect(try await town.latestEvents(limit: 1).first?.id ?? 0 >= seen.last!.id)
        await town.close()
    }
}
