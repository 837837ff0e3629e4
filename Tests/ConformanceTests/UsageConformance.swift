import Model
import StoreSupport
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct UsageConformance {
    private let usage = Usage(
        inputTokens: 12_000, outputTokens: 340, cachedInputTokens: 9000, cacheWriteTokens: 1500, costUSD: 0.0375)

    @Test(arguments: Subject.all)
    func `what a turn used is data in the log, for the task that it worked on`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            // A plain message takes the short way in Redis, a task the long one.
            try await town.send(ada)
            var first = town.finished(try #require(try await town.lease(ada)))
            (first.usage, first.model, first.cli) = (usage, "opus-5", "claude")
            _ = try await town.store.commit(first)
            let task = try await town.task(for: ada)
            let lease = try #require(try await town.lease(ada))
            _ = try await town.move(task, .complete("done"), by: ada)
            var second = town.finished(lease)
            (second.usage, second.cli) = (Usage(inputTokens: 5), "codex")
            _ = try await town.store.commit(second)
            let ends = try await town.events(.turnFinished)
            var expected = [
                TurnDetail(cli: "claude", model: "opus-5", usage: usage, duration: .seconds(12)),
                TurnDetail(cli: "codex", usage: Usage(inputTokens: 5), duration: .seconds(12)),
            ]
            for index in expected.indices { expected[index].reply = "done" }
            #expect(ends.map(\.detail) == expected)
            #expect(ends.map(\.task) == [nil, task], "a task that ended in its turn counts all the same")
        }
    }

    @Test(arguments: Subject.all)
    func `a turn that failed says so in its data, with the reason`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            var commit = town.failed(try #require(try await town.lease(ada)))
            commit.cli = "claude"
            _ = try await town.store.commit(commit)
            let detail = try #require(try await town.events(.turnFailed).first?.detail)
            #expect(detail.failure != nil && detail.reason?.isEmpty == false && detail.usage == nil)
            #expect(detail == commit.detail)
        }
    }

    @Test(arguments: Subject.all)
    func `a copy of a town keeps what was used`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            try await town.send(ada)
            var commit = town.finished(try #require(try await town.lease(ada)))
            (commit.usage, commit.model, commit.cli) = (usage, "m", "claude")
            _ = try await town.store.commit(commit)
            let reading = try await town.store.export()
            var details: [TurnDetail] = []
            while let records = try await reading.next() {
                for case .event(let event) in records { details += [event.detail].compactMap(\.self) }
            }
            #expect(details == [commit.detail])
        }
    }

    @Test(arguments: Subject.all)
    func `what an agent said can be read back, cut where it is long`(_ subject: Subject) async throws {
        try await subject.run { town in
            let ada = try await town.spawn("ada")
            for said in ["", "line one\n\"two\" 日本語 \u{1F469}\u{200D}\u{1F467}", String(repeating: "é", count: 5000)] {
                try await town.send(ada)
                let lease = try #require(try await town.lease(ada))
                _ = try await town.store.commit(
                    TurnCommit(
                        token: lease.token, outcome: .finished(reply: said), duration: .seconds(1), now: town.start))
                let detail = try #require(try await town.events(.turnFinished).last?.detail)
                #expect(detail.reply == (said.isEmpty ? nil : String(said.prefix(TurnDetail.longestReply))))
            }
        }
    }
}
