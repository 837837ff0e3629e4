import Files
import Model
import SQLite
import SQLiteStore

/// A town's database in which random columns hold random values, opened and read, and worked in.
struct DatabaseReader {
    private let folder: String
    private let image: [UInt8]
    private let agents: [AgentID]

    /// Makes the town that others are copies of.
    init(folder: String) async throws {
        self.folder = folder
        try? Files.makeFolder(folder + "/base")
        let store: any Store = try await SQLiteStore.open(folder: folder + "/base")
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        var agents: [AgentID] = []
        for number in 1...3 as ClosedRange<UInt64> {
            var agent = Agent(id: AgentID(high: number, low: 1), name: "a\(number)", cli: "claude", createdAt: now)
            agent.session = HarnessSession(id: "s", harness: "claude", totals: Usage(inputTokens: 5, costUSD: 0.5))
            agents.append(agent.id)
            try await store.register(agent, maxAgents: 10)
        }
        for (index, agent) in agents.enumerated() {
            let number = UInt64(index)
            let task = AgentTask(
                id: TaskID(high: 7, low: number), description: "d", createdBy: .supervisor, createdAt: now)
            try await store.create(
                task, assignee: Assignment(agent: agent, announcement: MessageID(high: 8, low: number)))
            _ = try await store.send(
                [
                    Message(
                        id: MessageID(high: 9, low: number), from: .supervisor, to: agent, body: .query(question: "q"),
                        createdAt: now)
                ], limits: SendLimits())
        }
        let host = Host(
            id: HostID(high: 1, low: 1), machine: "m", process: "1:1", startedAt: now,
            expiresAt: now + .seconds(30), isForeground: false)
        try await store.announce(host, now: now)
        _ = try await store.lease(
            LeaseRequest(agent: agents[0], host: host.id, turn: TurnID(high: 1, low: 2), now: now))
        await store.close()
        let file = try Connection(path: folder + "/base/town.db", mode: .readWrite)
        _ = try file.checkpoint(.truncate)
        file.close()
        image = try Files.bytes(folder + "/base/town.db") ?? []
        self.agents = agents
    }

    func read(_ mutator: inout Mutator, number: Int) async {
        let place = "\(folder)/\(number)"
        do {
            try Files.makeFolder(place)
            defer { Files.remove(place) }
            let writer = try FileWriter(place + "/town.db")
            try writer.append(image)
            try writer.finish()
            try spoil(place + "/town.db", &mutator)
            let store: any Store = try await SQLiteStore.open(folder: place)
            await use(store)
            await store.close()
        } catch {
            // Refused, as it should be.
        }
    }

    private func spoil(_ path: String, _ mutator: inout Mutator) throws {
        let db = try Connection(path: path, mode: .readWrite)
        defer { db.close() }
        let tables = [
            "agents", "messages", "tasks", "events", "leases", "hosts", "settings", "tallies", "task_tallies",
        ]
        for _ in 0...mutator.below(3) {
            let table = mutator.one(of: tables)
            let columns = try db.all(SQL(composed: "select name from pragma_table_info('\(table)')")) { row in
                row[0] as String
            }
            let statement = SQL(composed: "update \(table) set \"\(mutator.one(of: columns))\" = ?")
            // A constraint may refuse it.
            switch mutator.below(5) {
            case 0:
                let numbers = [Int64.min, .min + 1, -1, 0, 1, 1 << 53, .max - 1, .max]
                _ = try? db.run(statement, mutator.one(of: numbers))
            case 1: _ = try? db.run(statement, mutator.one(of: [1e300, -1e300, .infinity, 0.5]))
            case 2: _ = try? db.run(statement, mutator.one(of: Mutator.figures + Mutator.words))
            case 3: _ = try? db.run(statement, (0..<mutator.below(40)).map { _ in UInt8(mutator.below(256)) })
            default: _ = try? db.run(statement, Optional<Int64>.none)
            }
        }
    }

    private func use(_ store: any Store) async {
        let now = Timestamp(microseconds: 1_800_000_001_000_000)
        _ = try? await store.pulse()
        _ = try? await store.agents()
        _ = try? await store.tasks(TaskFilter(), page: Page())
        _ = try? await store.taskCounts()
        _ = try? await store.queueCounts()
        _ = try? await store.waitingCounts()
        _ = try? await store.deadLetters(page: Page())
        _ = try? await store.hosts()
        for event in (try? await store.events(after: 0, limit: 100, filter: EventFilter())) ?? [] {
            _ = event.timestamp.description
        }
        for lease in (try? await store.leases()) ?? [] {
            try? await store.release(lease.token, cause: .hostDied, now: now)
        }
        for agent in agents {
            for delivery in (try? await store.inbox(agent, page: Page())) ?? [] { _ = delivery.changedAt.description }
            let request = LeaseRequest(
                agent: agent, host: HostID(high: 2, low: 2), turn: TurnID(high: 3, low: agent.high), now: now)
            guard let lease = try? await store.lease(request) else { continue }
            let turn = TurnCommit(
                token: lease.token, outcome: .finished(reply: "done"), duration: .seconds(1), now: now)
            _ = try? await store.commit(turn)
        }
        if let reading = try? await store.export() {
            while let records = try? await reading.next() {
                for record in records { _ = try? record.validated() }
            }
            await reading.close()
        }
        try? await store.tidy(Retention(), now: now)
    }
}
