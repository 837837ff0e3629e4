import Model
import SQLiteStore
import TestOrder
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct CrashTests {
    @Test func `what a killed process was told is done, is done, and every message is in one place`() async throws {
        try await withScratchFolder { folder in
            var sent: Set<String> = []
            var done: Set<String> = []
            for kill in 1...5 {
                let lines = await killedCrasher(folder: folder.path, after: 60 * kill)
                try #require(lines.count >= 60)
                for line in lines where line.count == 41 {
                    if line.hasPrefix("sent ") { sent.insert(String(line.dropFirst(5))) }
                    if line.hasPrefix("done ") { done.insert(String(line.dropFirst(5))) }
                }
                let store: any Store = try await SQLiteStore.open(folder: folder.path)
                for id in sent.union(done) {
                    let message = try #require(MessageID(id))
                    let delivery = try #require(try await store.delivery(message))
                    if done.contains(id) { #expect(delivery.state == .done) }
                }
                let agent = try #require(try await store.agents().first)
                let inbox = try await store.inbox(agent.id, page: Page(limit: 1_000_000))
                let counts = try await store.queueCounts()
                #expect(inbox.count(where: { $0.state == .queued }) == counts.waiting)
                #expect(inbox.count(where: { $0.state == .leased }) == counts.leased)
                let leases = try await store.leases().count
                #expect((counts.leased > 0) == (leases == 1))
                #expect(counts.dead == 0)
                await store.close()
            }
            #expect(!done.isEmpty)
        }
    }
}
