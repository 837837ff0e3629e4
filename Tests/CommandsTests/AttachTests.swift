import Commands
import Model
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct AttachTests {
    private let now = StillTime().now()

    private func attach(_ bench: Bench, until words: String) async -> String {
        let console = RecordingConsole(lastWords: words)
        _ = await CommandLineFace(commands: CommandTable.all, version: "1").run(
            ["attach", "worker"], parts: bench.parts(console))
        return console.output
    }

    private func bench(hosted: Bool = true) async throws -> Bench {
        let bench = try Bench()
        try await bench.spawn("worker")
        try TestFiles.makeLogs(bench.folder.path)
        if hosted {
            try await bench.store.announce(
                Host(
                    id: HostID(high: 1, low: 2), machine: "m", process: "1:1", startedAt: now,
                    expiresAt: now + .seconds(60), isForeground: false), now: now)
        }
        return bench
    }

    @Test func `a paused agent says why nothing comes, and what helps`() async throws {
        let bench = try await bench()
        let agent = try #require(try await bench.store.agents().first)
        _ = try await bench.store.change(agent.id, .interrupt(reason: "no credentials"), now: now)
        let output = await attach(bench, until: "What helps")
        #expect(
            output.contains("── Nothing comes now: it is paused: no credentials\n── What helps: tt resume worker\n"))
    }

    @Test func `an agent that waits says until when and for what`() async throws {
        let bench = try await bench()
        _ = await bench.tt("send", "worker", "work")
        let agent = try #require(try await bench.store.agents().first)
        let lease = try #require(
            try await bench.store.lease(
                LeaseRequest(agent: agent.id, host: HostID(high: 1, low: 2), turn: TurnID(high: 1, low: 1), now: now)))
        var failure = Failure(.rateLimit, "Too many requests")
        failure.resetAt = now + .seconds(600)
        let verdict = FailurePolicy().verdict(on: failure, failures: 1, now: now, jitter: 0.5)
        _ = try await bench.store.commit(
            TurnCommit(
                token: lease.token, outcome: .failed(failure, verdict, maxAttempts: 5), duration: .seconds(1), now: now)
        )
        let output = await attach(bench, until: "next try")
        #expect(
            output.contains("it waits before its next try: rate limit: Too many requests; next try at 20:1"),
            "\(output)")
    }

    @Test func `without a host, or without work, that is said`() async throws {
        #expect(try await attach(bench(hosted: false), until: "What helps").contains("What helps: tt start --detach"))
        #expect(try await attach(bench(), until: "You can").contains("nothing waits for it\n── You can give it work"))
    }
}
