import Model
import Operations
import Testing

@Suite(.timeLimit(.minutes(1))) struct CostTests {
    /// Two agents, three turns on two days: one with money, one with tokens only, one that failed and says nothing.
    private func town() async throws -> OpenTown {
        let town = makeTown()
        for name in ["api", "web"] { _ = try await SpawnAgent.call(.init(name: name, role: "backend"), in: town) }
        let api = try await AssignTask.call(.init(agent: "api", task: "Build\nit"), in: town).task
        try await turn(
            town, "api",
            TurnDetail(
                cli: "claude", model: "opus-5",
                usage: Usage(
                    inputTokens: 1000, outputTokens: 20, cachedInputTokens: 900, cacheWriteTokens: 60, costUSD: 0.5),
                duration: .seconds(10)), task: api.id, ago: .seconds(30 * 3600))
        try await turn(
            town, "api", TurnDetail(cli: "claude", model: "opus-5", usage: Usage(costUSD: 0.25), duration: .seconds(1)),
            task: api.id, ago: .seconds(60))
        try await turn(
            town, "web",
            TurnDetail(cli: "codex", usage: Usage(inputTokens: 7, cacheWriteTokens: 2), duration: .seconds(2)),
            ago: .seconds(50))
        try await turn(
            town, "web", TurnDetail(cli: "codex", duration: .seconds(3), failure: .network), failed: true, ago: .zero)
        return town
    }

    private func turn(
        _ town: OpenTown, _ agent: String, _ detail: TurnDetail, task: TaskID? = nil, failed: Bool = false,
        ago: Duration
    ) async throws {
        var event = Event(failed ? .turnFailed : .turnFinished, "a turn", at: town.time.now() - ago)
        event.agent = try await town.agent(agent).id
        event.task = task
        event.detail = detail
        try await town.store.append([event])
    }

    private func rows(_ by: ReadCosts.Grouping, in town: OpenTown, since: Timestamp? = nil) async throws -> [String] {
        try await ReadCosts.call(.init(by: by, since: since), in: town).rows.map {
            "\($0.label): \($0.spent.turns) turns, \($0.spent.tokens) tokens, \($0.spent.costUSD ?? -1)"
        }
    }

    @Test func `costs by agent, task, model and day`() async throws {
        let town = try await town()
        #expect(
            try await rows(.agent, in: town) == [
                "api (backend): 2 turns, 1020 tokens, 0.75", "web (backend): 2 turns, 7 tokens, -1.0",
            ])
        #expect(
            try await rows(.task, in: town) == [
                "Build: 2 turns, 1020 tokens, 0.75", "no task: 2 turns, 7 tokens, -1.0",
            ])
        #expect(
            try await rows(.model, in: town) == [
                "opus-5: 2 turns, 1020 tokens, 0.75", "codex (model not reported): 2 turns, 7 tokens, -1.0",
            ])
        #expect(
            try await rows(.day, in: town) == [
                "2026-03-08: 1 turns, 1020 tokens, 0.5", "2026-03-09: 3 turns, 7 tokens, 0.25",
            ])
    }

    @Test func `what was written to a cache adds up, and is no more input`() async throws {
        let total = try await ReadCosts.call(.init(), in: try await town()).total
        #expect(total.inputTokens == 1007 && total.cachedInputTokens == 900 && total.cacheWriteTokens == 62)
        #expect(total.tokens == 1027)
    }

    @Test func `days begin where the person is`() async throws {
        let town = try await town()
        // At 20:03 in UTC it is the next day five hours to the east.
        let east = try await ReadCosts.call(.init(by: .day, utcOffset: 5 * 3600), in: town)
        #expect(east.rows.map(\.key) == ["2026-03-08", "2026-03-10"])
    }

    @Test func `only what ended since, and what no CLI reports is counted as such`() async throws {
        let town = try await town()
        let output = try await ReadCosts.call(.init(since: town.time.now() - .seconds(3600)), in: town)
        #expect(output.total.turns == 3 && output.total.failed == 1 && output.total.costUSD == 0.25)
        #expect(output.total.unpriced == 2 && output.total.unmetered == 2)
        #expect(output.since == town.time.now() - .seconds(60))
        let own = try await ReadCosts.call(.init(agent: "web"), in: town)
        #expect(own.rows.map(\.label) == ["web (backend)"] && own.total.costUSD == nil)
    }
}
