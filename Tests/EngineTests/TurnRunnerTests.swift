import Concurrency
import Model
import TestSupport
import Testing

@testable import Engine

extension TurnRunner.Ending {
    fileprivate var word: String {
        switch self {
        case .committed: "committed"
        case .released: "released"
        case .leaseLost: "lease lost"
        case .unsaid(let error): "unsaid \(error.code)"
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct TurnRunnerLease {
    @Test func `a lease is renewed at each third of its time`() async throws {
        let bench = try await TurnBench { $0.leaseDuration = .seconds(60) }
        let turn = bench.run(try await bench.lease())
        for third in 1...4 {
            await bench.clock.waitForSleepers(1)
            try #require(bench.clock.nextDeadline?.offset == .seconds(20 * third))
            bench.clock.advance(by: .seconds(20))
            await bench.script.reached("renew", third)
            let expiry = try await bench.inner.leases().map(\.expiresAt)
            #expect(expiry == [TurnBench.start + .seconds(20 * third + 60)])
        }
        bench.harness.end(HarnessResult(reply: "done"))
        #expect(await bench.end(of: turn).word == "committed")
        #expect(!bench.harness.wasCancelled)
    }

    @Test(arguments: [StoreError.Code.unavailable, .busy, .unknownOutcome, .full])
    func `a renewal that the store did not take is said again soon`(code: StoreError.Code) async throws {
        let bench = try await TurnBench()
        let turn = bench.run(try await bench.lease())
        bench.script.plan("renew", .refused(code), .refused(code))
        // After ten seconds, then one second each, and then at the usual times again.
        for (count, at) in [10, 11, 12, 22].enumerated() {
            await bench.clock.waitForSleepers(1)
            try #require(bench.clock.nextDeadline?.offset == .seconds(at))
            bench.clock.advanceToNext()
            await bench.script.reached("renew", count + 1)
        }
        #expect(!bench.harness.wasCancelled, "slow is not dead")
        bench.harness.end(HarnessResult(reply: "done"))
        #expect(await bench.end(of: turn).word == "committed")
    }

    @Test func `a lease that is lost ends the harness, and nothing of the turn is written`() async throws {
        let bench = try await TurnBench()
        let lease = try await bench.lease()
        let turn = bench.run(lease)
        _ = await bench.harness.request
        // Another host took it for dead.
        try await bench.inner.release(lease.token, cause: .expired, now: TurnBench.start)
        await bench.clock.waitForSleepers(1)
        bench.clock.advanceToNext()
        #expect(await turn.value.word == "lease lost")
        #expect(bench.harness.wasCancelled)
        #expect(bench.script.count("commit") == 0 && bench.script.count("release") == 0)
        #expect(bench.journal.ends == ["the lease was lost; nothing of this turn counts"])
        #expect(try await bench.inner.inbox(bench.agent.id, page: Page()).map(\.state) == [.queued])
    }
}

@Suite(.timeLimit(.minutes(1))) struct TurnRunnerCommit {
    private func result() -> HarnessResult {
        var result = HarnessResult(
            reply: "done", session: HarnessSession(id: "s1", harness: "scripted"),
            usage: Usage(inputTokens: 9, outputTokens: 3, costUSD: 0.25))
        result.model = "m-1"
        return result
    }

    @Test func `a turn commits its session, its model and what it used`() async throws {
        let bench = try await TurnBench(harness: ScriptedHarness(result()))
        #expect(await bench.end(of: bench.run(try await bench.lease())).word == "committed")
        #expect(try await bench.record.session == result().session)
        let detail = try #require(try await bench.events(.turnFinished).first?.detail)
        #expect(detail.usage == result().usage && detail.model == "m-1" && detail.cli == "scripted")
        #expect(bench.journal.ends == ["finished"])
    }

    @Test func `a session goes to the harness that made it, and to no other`() async throws {
        for name in ["scripted", "other"] {
            let bench = try await TurnBench(harness: ScriptedHarness(result()))
            let lease = try await bench.lease()
            let known = HarnessSession(id: "s0", harness: name)
            try await bench.inner.note(lease.token, session: known, now: TurnBench.start)
            var with = lease
            with.agent.session = known
            _ = await bench.end(of: bench.run(with))
            #expect(await bench.harness.request.session == (name == "scripted" ? known : nil))
        }
    }

    @Test func `an answer that was lost after the commit is asked for, and the turn counts once`() async throws {
        let bench = try await TurnBench(harness: ScriptedHarness(result()))
        bench.script.plan("commit", .unanswered)
        #expect(await bench.end(of: bench.run(try await bench.lease())).word == "committed")
        #expect(bench.script.count("commit") == 2)
        #expect(try await bench.events(.turnFinished).count == 1)
        #expect(bench.journal.ends == ["finished"], "the agent's log does not say that nothing counts")
    }

    @Test func `a commit that was lost before it was carried out is repeated`() async throws {
        let bench = try await TurnBench(harness: ScriptedHarness(result()))
        bench.script.plan("commit", .refused(.unknownOutcome))
        #expect(await bench.end(of: bench.run(try await bench.lease())).word == "committed")
        #expect(bench.script.count("commit") == 2)
        #expect(try await bench.events(.turnFinished).count == 1)
    }

    @Test func `a lease that was taken away in a doubtful commit is not mistaken for a commit`() async throws {
        let bench = try await TurnBench(harness: ScriptedHarness(result()))
        let lease = try await bench.lease()
        let inner = bench.inner
        bench.script.plan(
            "commit", .refused(.unknownOutcome),
            .after { () async throws(StoreError) in
                try await inner.release(lease.token, cause: .expired, now: TurnBench.start)
            })
        #expect(await bench.end(of: bench.run(lease)).word == "lease lost")
        #expect(try await bench.events(.turnFinished).isEmpty)
        #expect(bench.journal.ends == ["the lease was lost; nothing of this turn counts"])
    }

    @Test(arguments: [StoreError.Code.busy, .unavailable, .full])
    func `a store that does not take the commit is waited for`(code: StoreError.Code) async throws {
        let bench = try await TurnBench(harness: ScriptedHarness(result()))
        bench.script.plan("commit", .refused(code), .refused(code), .refused(code))
        #expect(await bench.end(of: bench.run(try await bench.lease())).word == "committed")
        #expect(bench.script.count("commit") == 4)
        #expect(bench.clock.now.offset >= .milliseconds(200 + 400 + 800), "each pause is twice the one before")
        #expect(try await bench.events(.turnFinished).count == 1)
    }

    @Test func `a store that never answers is given up in the end, and the lease stays for a host to find`()
        async throws
    {
        let bench = try await TurnBench(harness: ScriptedHarness(result()))
        for _ in 0..<100 { bench.script.plan("commit", .refused(.unavailable)) }
        #expect(await bench.end(of: bench.run(try await bench.lease())).word == "unsaid unavailable")
        #expect(bench.script.count("commit") == 60)
        #expect(bench.clock.now.offset > .seconds(600))
        #expect(try await bench.inner.leases().count == 1)
        #expect(bench.script.count("renew") > 20, "while it waits, the lease is renewed")
    }

    @Test func `a host that stops undoes no turn that is done, but loses patience sooner`() async throws {
        let bench = try await TurnBench(harness: ScriptedHarness(result()))
        let turn = bench.run(try await bench.lease())
        bench.script.plan("commit", .after { () async throws(StoreError) in turn.cancel() })
        #expect(await bench.end(of: turn).word == "committed")
        let other = try await TurnBench(harness: ScriptedHarness(result()))
        let second = other.run(try await other.lease())
        other.script.plan(
            "commit",
            .after { () async throws(StoreError) in
                second.cancel()
                throw StoreError(.unavailable, "gone")
            })
        for _ in 0..<100 { other.script.plan("commit", .refused(.unavailable)) }
        _ = await other.end(of: second)
        #expect(other.script.count("commit") == 5)
    }

    @Test func `a failed turn has the consequences of its class`() async throws {
        let failure = HarnessResult(failure: Failure(.sessionLost, "no such session"))
        let bench = try await TurnBench(harness: ScriptedHarness(failure))
        let lease = try await bench.lease()
        try await bench.inner.note(
            lease.token, session: HarnessSession(id: "s0", harness: "scripted"), now: TurnBench.start)
        #expect(await bench.end(of: bench.run(lease)).word == "committed")
        #expect(try await bench.record.session == nil)
        #expect(try await bench.inner.inbox(bench.agent.id, page: Page()).map(\.attempts) == [1])
        #expect(bench.journal.ends == ["failed (session_lost): no such session"])
    }

    @Test func `a CLI that nobody knows pauses the agent`() async throws {
        let bench = try await TurnBench()
        var lease = try await bench.lease()
        lease.agent.cli = "unheard-of"
        #expect(await bench.end(of: bench.run(lease)).word == "committed")
        #expect(try await bench.record.state == .paused)
        #expect(try await bench.inner.inbox(bench.agent.id, page: Page()).map(\.attempts) == [0])
    }
}

@Suite(.timeLimit(.minutes(1))) struct TurnRunnerRelease {
    @Test(arguments: [ReleaseCause.drained, .killed, .interrupted])
    func `a turn that is stopped puts its messages back, also if the store is busy`(cause: ReleaseCause) async throws {
        let bench = try await TurnBench()
        let turn = bench.run(try await bench.lease()) { cause }
        _ = await bench.harness.request
        bench.script.plan("release", .refused(.busy), .refused(.unknownOutcome), .refused(.unavailable))
        turn.cancel()
        #expect(await bench.end(of: turn).word == "released")
        #expect(bench.harness.wasCancelled)
        #expect(bench.script.count("release") == 4 && bench.script.count("commit") == 0)
        #expect(try await bench.inner.inbox(bench.agent.id, page: Page()).map(\.state) == [.queued])
        #expect(try await bench.inner.leases().isEmpty)
    }

    @Test func `a release whose answer was lost is one`() async throws {
        let bench = try await TurnBench()
        let turn = bench.run(try await bench.lease()) { .killed }
        _ = await bench.harness.request
        bench.script.plan("release", .unanswered)
        turn.cancel()
        #expect(await bench.end(of: turn).word == "released")
        #expect(bench.script.count("release") == 2)
        #expect(bench.journal.ends == ["ended by request; its messages wait"])
    }
}

@Suite(.timeLimit(.minutes(1))) struct TurnRunnerRequest {
    @Test(arguments: [0, 1, 3]) func `a turn knows its tasks`(tasks: Int) async throws {
        let bench = try await TurnBench(harness: ScriptedHarness(HarnessResult(reply: "ok")))
        let lease = try await bench.lease(tasks: tasks)
        _ = await bench.end(of: bench.run(lease))
        let environment = await bench.harness.request.environment
        let ids = lease.deliveries.compactMap { $0.message.body.assignedTask?.description }
        #expect(ids.count == tasks)
        #expect(environment["TINYTOWN_TASK_ID"] == ids.first)
        #expect(environment["TINYTOWN_TASK_IDS"] == (tasks == 0 ? nil : ids.joined(separator: " ")))
        #expect(environment["TINYTOWN_AGENT_NAME"] == "ada" && environment["TINYTOWN_TOWN"] == "/r")
        #expect(environment["TINYTOWN_TURN"] == lease.token.turn.description && environment["X"] == "1")
    }
}

/// Where turns work.
@Suite(.timeLimit(.minutes(1))) struct TurnWorkspaces {
    private struct Own: Workspaces {
        func folder(for lease: Lease) async throws(Failure) -> String {
            guard lease.agent.name != "homeless" else { throw Failure(.machine, "no space for a folder") }
            return "/work/" + lease.agent.name
        }
    }

    @Test func `a turn works in the folder that its workspace gives it, else in the town's`() async throws {
        let bench = try await TurnBench(harness: ScriptedHarness(HarnessResult(reply: "done")))
        let lease = try await bench.lease()
        #expect(await bench.end(of: bench.run(lease)).word == "committed")
        #expect(await bench.harness.request.workingDirectory == bench.tools.town.root)

        let other = try await TurnBench(
            harness: ScriptedHarness(HarnessResult(reply: "done")), workspaces: Own())
        let second = try await other.lease()
        #expect(await other.end(of: other.run(second)).word == "committed")
        #expect(await other.harness.request.workingDirectory == "/work/" + second.agent.name)
    }

    @Test func `a turn without a folder fails for that reason, and runs nothing`() async throws {
        let bench = try await TurnBench(agent: "homeless", workspaces: Own())
        let lease = try await bench.lease()
        #expect(await bench.end(of: bench.run(lease)).word == "committed")
        #expect(try await bench.events(.turnFailed).map(\.text).contains { $0.contains("no space for a folder") })
        #expect(try await bench.inner.waitingCounts()[lease.agent.id] != nil, "its message waits")
    }
}
