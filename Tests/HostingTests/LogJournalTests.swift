import Files
import Model
import TestOrder
import TestSupport
import Testing

@testable import Hosting

@Suite(.serialized, .queued) struct LogJournalTests {
    private let now = Timestamp(microseconds: 1_700_000_000_000_000)

    @Test func `the raw logs of the latest rounds are kept, and no others`() async throws {
        try await withScratchFolder { folder in
            let journal = LogJournal(
                folder: SafePath(path: folder.path, beneath: folder.path), limit: 10_000, generations: 1
            ) { Issue.record("\($0)") }
            let agent = Agent(id: AgentID(high: 1, low: 1), name: "ada", cli: "claude", createdAt: now)
            let rounds = LogJournal.turnsKept + 7
            for round in 1...rounds {
                let record = journal.begin(TurnID(high: 1, low: 1), agent: agent, number: round, at: now)
                record.record(.raw(Array("round \(round)\n".utf8)))
                record.end("finished")
            }
            let kept = Set(Files.names(in: folder.path)).filter { $0.contains("_round_") }
            #expect(kept == Set((rounds - LogJournal.turnsKept + 1...rounds).map { "ada_round_\($0).log" }))
            let log = try #require(try Files.text(folder.path("ada.log"), links: .followed))
            #expect(log.contains("round 1 of ada begins") && log.contains("round \(rounds) of ada begins"))
        }
    }
}
