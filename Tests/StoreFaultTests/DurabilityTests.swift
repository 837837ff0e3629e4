import CSyncCounter
import Model
import SQLite
import SQLiteStore
import TestOrder
import TestSupport
import Testing

/// What reaches the disk, and when. A killed process cannot show it: the system's memory outlives it.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct DurabilityTests {
    private static let now = Timestamp(microseconds: 1_700_000_000_000_000)
    private static let random = SystemRandomness()

    /// A store below a folder that is watched, with an agent.
    private struct Bench {
        let store: any Store
        let agent: AgentID
        let host = HostID(high: 1, low: 1)

        func message(_ to: AgentID? = nil) -> Message {
            Message(
                id: MessageID(random: random), from: .supervisor, to: to ?? agent, body: .task(description: "work"),
                createdAt: now)
        }

        func lease() async throws -> Lease {
            try #require(
                try await store.lease(
                    LeaseRequest(agent: agent, host: host, turn: TurnID(random: random), now: now, maxMessages: 1)))
        }

        /// How often the disk was asked while `body` ran.
        func syncs(_ body: () async throws -> Void) async throws -> Int {
            let before = sync_counter_count()
            try await body()
            return Int(sync_counter_count() - before)
        }
    }

    private func bench(
        _ durability: SQLiteOptions.Durability = .full, _ body: (Bench, ScratchFolder) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            try #require(sync_counter_install() == 0)
            sync_counter_watch(folder.path)
            defer { sync_counter_watch(nil) }
            let store: any Store = try await SQLiteStore.open(
                folder: folder.path, options: SQLiteOptions(durability: durability))
            var agent = Agent(id: AgentID(random: Self.random), name: "ada", cli: "echo", createdAt: Self.now)
            agent.maxTurns = 0
            try await store.register(agent, maxAgents: 5)
            try await body(Bench(store: store, agent: agent.id), folder)
            await store.close()
        }
    }

    @Test func `what a caller relies on is on the disk when the call returns`() async throws {
        try await bench { bench, _ in
            let (store, now) = (bench.store, Self.now)
            #expect(try await bench.syncs { _ = try await store.send([bench.message()], limits: SendLimits()) } > 0)
            var lease = try await bench.lease()
            #expect(
                try await bench.syncs {
                    _ = try await store.commit(
                        TurnCommit(
                            token: lease.token, outcome: .finished(reply: ""), duration: .seconds(1), now: now))
                } > 0)
            _ = try await store.send([bench.message()], limits: SendLimits())
            lease = try await bench.lease()
            #expect(try await bench.syncs { try await store.release(lease.token, cause: .killed, now: now) } > 0)
            let task = AgentTask(
                id: TaskID(random: Self.random), description: "d", createdBy: .supervisor, createdAt: now)
            #expect(try await bench.syncs { try await store.create(task, assignee: nil) } > 0)
            #expect(
                try await bench.syncs {
                    _ = try await store.move(
                        task.id, .complete("x"), by: .supervisor, announcement: MessageID(random: Self.random),
                        now: now)
                } > 0)
            #expect(
                try await bench.syncs {
                    _ = try await store.change(bench.agent, .stop(.afterTurn), now: now)
                } > 0)
            #expect(try await bench.syncs { _ = try await store.take(bench.agent, limit: 9, now: now) } > 0)
        }
    }

    @Test func `what can be found out again does not wait for the disk`() async throws {
        try await bench { bench, _ in
            _ = try await bench.store.send([bench.message()], limits: SendLimits())
            let count = try await bench.syncs {
                let lease = try await bench.lease()
                try await bench.store.renew(lease.token, until: Self.now + .seconds(60), now: Self.now)
            }
            #expect(count == 0)
        }
        try await bench(.normal) { bench, _ in
            let count = try await bench.syncs {
                _ = try await bench.store.send([bench.message()], limits: SendLimits())
            }
            #expect(count == 0)
        }
    }

    /// Holds the store's only place for a writer while `body` asks for things, so that they come together.
    private func together(
        _ bench: Bench, _ folder: ScratchFolder, _ body: (@escaping @Sendable () -> Message) -> Void
    ) async throws {
        let other = try Connection(path: folder.path("town.db"))
        try other.begin(.immediate)
        body { bench.message() }
        try other.rollback()
        other.close()
    }

    @Test func `many that come at once share a few syncs`() async throws {
        try await bench { bench, folder in
            var sends: [Task<Void, any Error>] = []
            let count = try await bench.syncs {
                try await together(bench, folder) { message in
                    for _ in 0..<100 {
                        sends.append(
                            Task.immediate {
                                _ = try await bench.store.send([message()], limits: SendLimits())
                            })
                    }
                }
                for send in sends { try await send.value }
            }
            #expect((1...4).contains(count), "\(count) syncs")
            #expect(try await bench.store.queueCounts().waiting == 100)
        }
    }

    @Test func `a verb that needs the disk gets it, whatever shares its transaction`() async throws {
        try await bench { bench, folder in
            _ = try await bench.store.send([bench.message()], limits: SendLimits())
            let lease = try await bench.lease()
            var sends: [Task<Void, any Error>] = []
            let count = try await bench.syncs {
                try await together(bench, folder) { message in
                    // The first goes alone, those behind it together: one that needs no sync, then one that does.
                    for number in 1...3 {
                        sends.append(
                            Task.immediate {
                                try await bench.store.renew(
                                    lease.token, until: Self.now + .seconds(60 + number), now: Self.now)
                            })
                    }
                    sends.append(
                        Task.immediate { _ = try await bench.store.send([message()], limits: SendLimits()) })
                }
                for send in sends { try await send.value }
            }
            #expect(count >= 1)
        }
    }

    @Test func `a verb that is refused in company leaves nothing behind, and hurts nobody`() async throws {
        try await bench { bench, folder in
            let stranger = AgentID(random: Self.random)
            var sends: [Task<Void, any Error>] = []
            var refused: [Task<Void, any Error>] = []
            try await together(bench, folder) { message in
                for _ in 0..<10 {
                    sends.append(Task.immediate { _ = try await bench.store.send([message()], limits: SendLimits()) })
                    refused.append(
                        Task.immediate {
                            _ = try await bench.store.send(
                                [message(), bench.message(stranger)], limits: SendLimits())
                        })
                }
            }
            for send in sends { try await send.value }
            for one in refused {
                await #expect(throws: StoreError.self) { try await one.value }
            }
            #expect(try await bench.store.queueCounts().waiting == 10)
            #expect(try await bench.store.inbox(bench.agent, page: Page()).count == 10)
        }
    }

    @Test func `a commit of which the disk did not say that it is kept is an unknown outcome`() async throws {
        try await bench { bench, _ in
            sync_counter_fail(1)
            let error = await #expect(throws: StoreError.self) {
                _ = try await bench.store.send([bench.message()], limits: SendLimits())
            }
            #expect(error?.code == .unknownOutcome)
            // The store goes on afterwards.
            _ = try await bench.store.send([bench.message()], limits: SendLimits())
        }
    }
}
