import Engine
import Model
import StoreSupport
import Synchronization
import TestOrder
import TestSupport
import Testing

/// What stands on documents keeps its promises on every store, while answers are lost and processes die.
@Suite(.serialized, .queued) struct FollowerConformance {
    /// Loses questions and answers. It is what a follower sees of a killed process, too: it never hears what became of
    /// its step.
    struct Losses: StoreInterceptor {
        let random: SeededRandomness
        var chance = 0.2

        func around<Answer: Sendable>(
            _ verb: String, _ call: () async throws(StoreError) -> Answer
        ) async throws(StoreError) -> Answer {
            if random.unit() < chance { throw StoreError(.unavailable, "the question was lost") }
            let answer = try await call()
            if random.unit() < chance { throw StoreError(.unknownOutcome, "the answer was lost") }
            return answer
        }
    }

    final class Done: Sendable { let tasks = Mutex<[String]>([]) }

    /// Three followers of one name that die and begin anew tell a room of each turn, with new ids each time: whatever is
    /// done twice is seen twice.
    @Test(arguments: Subject.all) func `a follower has each effect once, over losses and with others beside it`(
        _ subject: Subject
    ) async throws {
        try await subject.run { town in
            let inner = town.store
            let agent = try await town.spawn("worker")
            @Sendable func made(_ seed: UInt64) -> Follower {
                let random = SeededRandomness(seed: seed)
                let store = InterceptedStore(inner, Losses(random: random))
                return Follower("rooms", of: [.taskCompleted], in: store) { events throws(StoreError) in
                    [
                        .send(
                            events.map { event in
                                Message(
                                    id: MessageID(random: random), from: .supervisor, to: agent,
                                    body: .informational(summary: event.task?.description ?? ""),
                                    createdAt: event.timestamp)
                            })
                    ]
                }
            }
            let done = Done()
            let start = town.start
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seed in 1...3 as ClosedRange<UInt64> {
                    group.addTask {
                        let follower = made(seed)
                        var quiet = 0
                        while quiet < 3 {
                            do throws(StoreError) {
                                if try await follower.advance(limit: 3) {
                                    quiet = 0
                                } else {
                                    let isOver = done.tasks.withLock { $0.count == 12 }
                                    if isOver { quiet += 1 } else { await Task.yield() }
                                }
                            } catch {
                                guard [.unavailable, .unknownOutcome].contains(error.code) else { throw error }
                            }
                        }
                    }
                }
                for _ in 0..<12 {
                    let task = try await town.task()
                    try await inner.move(task, .complete("ok"), by: .supervisor, announcement: town.id(), now: start)
                    done.tasks.withLock { $0.append(task.description) }
                }
                try await group.waitForAll()
            }
            let told = try await inner.inbox(agent, page: Page()).map(\.message.body.text)
            #expect(told.count == 12 && Set(told).count == 12, "each task once")
            #expect(told == done.tasks.withLock { $0 }, "in the order of the log")
        }
    }

    @Test func `one event whose effect is refused does not hold up the others`() async throws {
        try await Subject.all[0].run { town in
            let agent = try await town.spawn("worker")
            let nobody: AgentID = town.id()
            let refused = Mutex<[StoreError.Code]>([])
            var tasks: [TaskID] = []
            for _ in 0..<3 {
                tasks.append(try await town.task())
                try await town.move(tasks.last!, .complete("ok"))
            }
            let bad = tasks[1]
            let random = SeededRandomness(seed: 4)
            let follower = Follower(
                "rooms", of: [.taskCompleted], in: town.store,
                refused: { _, error in refused.withLock { $0.append(error.code) } }
            ) { events throws(StoreError) in
                events.map { event in
                    .send([
                        Message(
                            id: MessageID(random: random), from: .supervisor, to: event.task == bad ? nobody : agent,
                            body: .informational(summary: "done"), createdAt: event.timestamp)
                    ])
                }
            }
            while try await follower.advance() {}
            #expect(try await town.texts(agent).count == 2)
            #expect(refused.withLock { $0 } == [.agentNotFound])
        }
    }

    @Test(arguments: Subject.all) func `who comes too late for the log looks at the town`(_ subject: Subject)
        async throws
    {
        try await subject.run { town in
            let agent = try await town.spawn("worker")
            let random = SeededRandomness(seed: 5)
            let looked = Mutex(0)
            func make(_ name: String, from start: Follower.Start) -> Follower {
                Follower(
                    name, of: [.taskCompleted], from: start, in: town.store,
                    reconcile: { () throws(StoreError) in
                        looked.withLock { $0 += 1 }
                        return [
                            .send([
                                Message(
                                    id: MessageID(random: random), from: .supervisor, to: agent,
                                    body: .informational(summary: "looked"),
                                    createdAt: Timestamp(microseconds: 1_700_000_000_000_000))
                            ])
                        ]
                    }
                ) { events throws(StoreError) in [.documents([])] }
            }
            let (old, new) = (make("old", from: .oldest), make("new", from: .newest))
            while try await old.advance() {}
            for _ in 0..<10 { try await town.move(try await town.task(), .complete("ok")) }
            try await town.store.tidy(Retention(events: 5), now: town.start)
            while try await old.advance() {}
            while try await new.advance() {}
            #expect(looked.withLock { $0 } >= 1)
            #expect(try await town.texts(agent).filter { $0 == "looked" }.count == 1)
            let newest = try #require(try await town.store.latestEvents(limit: 1, filter: EventFilter()).last).sequence
            let place = try #require(try await town.store.document(new.place))
            #expect((Int64(String(decoding: place.content, as: UTF8.self)) ?? 0) <= newest)
        }
    }

    struct Count: Codable, Sendable, Equatable { var n = 0 }

    @Test(arguments: Subject.all) func `each change of a kept value counts once, with what goes with it`(
        _ subject: Subject
    )
        async throws
    {
        try await subject.run { town in
            let inner = town.store
            let agent = try await town.spawn("worker")
            let (place, start) = (Place.text("counter:a"), town.start)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for seed in 1...4 as ClosedRange<UInt64> {
                    group.addTask {
                        let random = SeededRandomness(seed: seed)
                        var calm = Losses(random: random)
                        calm.chance = 0
                        let kept = Kept<Count>(in: InterceptedStore(inner, calm))
                        for _ in 0..<8 {
                            try await kept.update(place, attempts: 1000) { draft throws(StoreError) in
                                draft.value = Count(n: (draft.value?.n ?? 0) + 1)
                                draft.steps = [
                                    .send([
                                        Message(
                                            id: MessageID(random: random), from: .supervisor, to: agent,
                                            body: .informational(summary: "\(draft.value!.n)"), createdAt: start)
                                    ])
                                ]
                            }
                        }
                        return 8
                    }
                }
                for try await _ in group {}
            }
            #expect(try await Kept<Count>(in: inner).value(at: place) == Count(n: 32))
            #expect(try await town.texts(agent) == (1...32).map { "\($0)" }, "one message a change, in order")
            try await inner.perform([
                .documents([DocumentChange(place, expects: .anything, becomes: .content(Array("nonsense".utf8)))])
            ])
            #expect(await code { _ = try await Kept<Count>(in: inner).value(at: place) } == .corrupt)
        }
    }

    /// Fails the second answer of `perform` and nothing else.
    struct LostOnce: StoreInterceptor {
        let left: Counter
        final class Counter: Sendable {
            private let n: Mutex<Int>
            init(_ n: Int) { self.n = Mutex(n) }
            func take() -> Bool {
                n.withLock {
                    $0 -= 1; return $0 >= 0
                }
            }
        }

        func around<Answer: Sendable>(
            _ verb: String, _ call: () async throws(StoreError) -> Answer
        ) async throws(StoreError) -> Answer {
            let answer = try await call()
            if verb == "perform", left.take() { throw StoreError(.unknownOutcome, "the answer was lost") }
            return answer
        }
    }

    @Test func `a change whose answer is lost is not made twice`() async throws {
        try await Subject.all[0].run { town in
            let kept = Kept<Count>(in: InterceptedStore(town.store, LostOnce(left: .init(1))))
            let place = Place.text("counter:a")
            for _ in 0..<2 {
                try await kept.update(place) { draft throws(StoreError) in
                    draft.value = Count(n: (draft.value?.n ?? 0) + 1)
                }
            }
            #expect(try await kept.value(at: place) == Count(n: 2))
        }
    }

    @Test(arguments: Subject.all) func `one process at a time holds a service, and its proof ends with it`(
        _ subject: Subject
    )
        async throws
    {
        try await subject.run { town in
            let (store, start, ten) = (town.store, town.start, Duration.seconds(10))
            let one = ServiceLease("schedules", owner: town.id(), in: store)
            let two = ServiceLease("schedules", owner: town.id(), in: store)
            #expect(try await one.hold(for: ten, now: start))
            #expect(try await !two.hold(for: ten, now: start + .seconds(9)))
            #expect(try await one.hold(for: ten, now: start + .seconds(9)))
            #expect(try await !two.hold(for: ten, now: start + .seconds(18)))
            let proof = try #require(await one.proof)
            try await store.perform([proof])
            #expect(try await two.hold(for: ten, now: start + .seconds(20)), "its time has run out")
            #expect(await code { _ = try await store.perform([proof]) } == .conflict)
            #expect(try await !one.hold(for: ten, now: start + .seconds(21)))
            #expect(await one.proof == nil)
            try await two.release()
            #expect(try await one.hold(for: ten, now: start + .seconds(21)), "it was given up")
            try await two.release()
            #expect(try await one.hold(for: ten, now: start + .seconds(22)), "a late release takes nothing away")
        }
    }

    /// Lets something happen just before the first write.
    struct Before: StoreInterceptor {
        let left = LostOnce.Counter(1)
        let event: @Sendable () async throws(StoreError) -> Void

        func around<Answer: Sendable>(
            _ verb: String, _ call: () async throws(StoreError) -> Answer
        ) async throws(StoreError) -> Answer {
            if verb == "perform", left.take() { try await event() }
            return try await call()
        }
    }

    @Test func `a late renewal and a takeover do not both succeed`() async throws {
        try await Subject.all[0].run { town in
            let (store, start, ten) = (town.store, town.start, Duration.seconds(10))
            let one = ServiceLease("schedules", owner: town.id(), in: store)
            #expect(try await one.hold(for: ten, now: start))
            let renewal = Before { () throws(StoreError) in _ = try await one.hold(for: ten, now: start + .seconds(11))
            }
            let two = ServiceLease("schedules", owner: town.id(), in: InterceptedStore(store, renewal))
            #expect(try await !two.hold(for: ten, now: start + .seconds(12)))
            let proof = try #require(await one.proof)
            try await store.perform([proof])
        }
    }
}
