import Model
import SQLite
import StoreVerbs
import TestOrder
import TestSupport
import Testing

@testable import SQLiteStore

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct PlanTests {
    /// A scan of all messages costs more with each of them: a turn's verbs must find what they need by an index. What
    /// they cost the processor is compared, the best of many turns.
    @Test func `a turn costs the same however many messages wait`() async throws {
        try await withScratchFolder { folder in
            let db = try StoreFile(folder: folder.path, options: SQLiteOptions(durability: .normal)).openForWriting()
            try Schema.prepare(db)
            let verbs = Verbs(SQLiteRecords(db))
            let now = Timestamp(microseconds: 1_700_000_000_000_000)
            let random = SeededRandomness(seed: 3)
            var agent = Agent(id: AgentID(random: random), name: "ada", cli: "echo", createdAt: now)
            agent.maxTurns = 0
            try verbs.register(agent, maxAgents: 3)
            func fill(_ count: Int) throws {
                try db.begin(.immediate)
                for _ in 0..<count {
                    let message = Message(
                        id: MessageID(random: random), from: .supervisor, to: agent.id,
                        body: .task(description: "t"), createdAt: now)
                    _ = try verbs.send([message], limits: SendLimits())
                }
                try db.commit()
            }
            func turn() throws -> Duration {
                var best = Duration.seconds(60)
                for _ in 0..<20 {
                    let took = try ThreadTime.measure {
                        try db.begin(.immediate)
                        let request = LeaseRequest(
                            agent: agent.id, host: HostID(high: 1, low: 1), turn: TurnID(random: random), now: now,
                            maxMessages: 1)
                        let lease = try #require(try verbs.lease(request))
                        _ = try verbs.rows.queueCounts()
                        _ = try verbs.rows.deadLetters(page: Page(limit: 1))
                        _ = try verbs.commit(
                            TurnCommit(
                                token: lease.token, outcome: .finished(reply: ""), duration: .zero, now: now))
                        _ = try verbs.rows.tidy(doneBefore: now, events: 1_000_000, limit: 10)
                        try db.commit()
                    }
                    best = min(best, took)
                }
                return best
            }
            try fill(100)
            let few = try turn()
            try fill(20_000)
            let many = try turn()
            #expect(many < few * 4, "with 100 waiting \(few), with 20,000 \(many)")
            db.close()
        }
    }
}
