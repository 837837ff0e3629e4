import Model
import Secrets
import Synchronization

/// How a turn ends: what it brought goes to the store, or its messages go back.
extension TurnRunner {
    func commit(_ lease: Lease, _ result: HarnessResult, started: Timestamp) -> TurnCommit {
        let now = tools.time.now()
        var commit: TurnCommit
        if let failure = result.failure {
            let verdict = tools.settings.failurePolicy.verdict(
                on: failure, failures: lease.agent.consecutiveFailures + 1, now: now, jitter: tools.random.unit())
            commit = TurnCommit(
                token: lease.token,
                outcome: .failed(failure, verdict, maxAttempts: tools.settings.failurePolicy.maxAttempts),
                duration: now - started, now: now)
            commit.dropsSession = verdict.dropsSession
        } else {
            commit = TurnCommit(
                token: lease.token, outcome: .finished(reply: result.reply), duration: now - started, now: now)
            let given = Set(lease.deliveries.compactMap { $0.message.body.assignedTask })
            let reminders = lease.tasks.filter { given.contains($0.id) }.map(\.reminders).max() ?? 0
            commit.retryIfOpen = tools.settings.failurePolicy.nextAfterOpen(
                started: started, reminders: reminders, now: now, jitter: tools.random.unit())
        }
        commit.limits = tools.settings.sendLimits
        commit.session = commit.dropsSession ? nil : result.session
        commit.usage = result.usage
        commit.model = result.model
        commit.cli = Redactor.forms.redacted(commandLine: lease.agent.cli)
        return commit
    }

    /// Says on the agent's record what people should know of an agent that waits by itself. Losing this loses nothing: the
    /// next failure says it again.
    func tell(of commit: TurnCommit, _ ending: Ending) async {
        guard case .failed(let failure, let verdict, _) = commit.outcome, verdict.pause == nil, !verdict.countsAttempt,
            case .committed(let agent) = ending, agent.state != .paused, !agent.state.isTerminal
        else { return }
        var note = verdict.note
        if note == nil, failure.resetAt == nil, let since = await failing(agent),
            commit.now - since >= FailurePolicy.patience
        {
            note =
                "no turn has succeeded for \(commit.now.wholeHours(since: since)): \(failure.message) It goes on trying by "
                + "itself."
        }
        guard let note, note != agent.attention else { return }
        // Told once for each time that it waits: a turn that goes well takes the note away.
        _ = try? await tools.store.change(
            agent.id, .attention(note, tellsPerson: agent.attention == nil), now: tools.time.now())
    }

    /// Since when the agent's turns have failed.
    private func failing(_ agent: Agent) async -> Timestamp? {
        let ends = EventFilter(agent: agent.id, types: [.turnFinished, .turnFailed])
        let limit = min(max(agent.consecutiveFailures, 1) + 1, 300)
        guard let events = try? await tools.store.latestEvents(limit: limit, filter: ends) else { return nil }
        let failures = events.reversed().prefix { $0.type == .turnFailed }
        return failures.last?.timestamp
    }

    /// Commits in a task of its own, because a turn that is done must not be undone by a host that stops just then;
    /// a host that stops only loses patience sooner with a store that does not answer.
    func finish(_ token: LeaseToken, _ commit: TurnCommit) async -> Ending {
        let flag = Hurry()
        let saving = Task { await self.keeping(token) { await self.save(commit, hurry: flag) } }
        return await withTaskCancellationHandler {
            await saving.value
        } onCancel: {
            flag.set()
        }
    }

    private final class Hurry: Sendable {
        private let flag = Atomic(false)
        func set() { flag.store(true, ordering: .relaxed) }
        var isSet: Bool { flag.load(ordering: .relaxed) }
    }

    /// Commits until the store says yes or no. An answer that was lost is asked for again: if the commit had been
    /// carried out, the repeat says that the lease is gone, and the log tells how the turn ended. Otherwise the lease
    /// was taken away in the meantime.
    private func save(_ commit: TurnCommit, hurry: Hurry) async -> Ending {
        var doubtful = false
        var failures = 0
        while true {
            do throws(StoreError) {
                return .committed(try await tools.store.commit(commit))
            } catch {
                switch error.code {
                case .leaseLost:
                    guard doubtful, let agent = await committed(commit.token) else { return .leaseLost }
                    return .committed(agent)
                case .unknownOutcome: doubtful = true
                case .busy, .full, .unavailable: break
                default: return .unsaid(error)
                }
                failures += 1
                let pause = min(Duration.milliseconds(100) * (1 << min(failures, 8)), .seconds(20))
                guard failures < (hurry.isSet ? 5 : 60) else { return .unsaid(error) }
                let answer = error
                do { try await tools.time.sleep(for: pause) } catch { return .unsaid(answer) }
            }
        }
    }

    /// The agent, where its log has the end of this turn.
    private func committed(_ token: LeaseToken) async -> Agent? {
        let ends = EventFilter(agent: token.agent, types: [.turnFinished, .turnFailed])
        guard let latest = try? await tools.store.latestEvents(limit: 50, filter: ends),
            latest.contains(where: { $0.turn == token.turn })
        else { return nil }
        return try? await tools.store.agent(token.agent)
    }

    func release(_ token: LeaseToken, cause: ReleaseCause) async -> Ending {
        // The turn's task is cancelled, and giving the messages back must happen nevertheless.
        await Task {
            var last = StoreError(.unavailable, "the store does not answer")
            for failures in 1...10 {
                do throws(StoreError) {
                    try await tools.store.release(token, cause: cause, now: tools.time.now())
                    return Ending.released
                } catch {
                    if error.code == .leaseLost { return failures > 1 ? .released : .leaseLost }
                    if error.code == .closed { return .unsaid(error) }
                    last = error
                }
                try? await tools.time.sleep(for: .milliseconds(50) * (1 << min(failures, 5)))
            }
            return .unsaid(last)
        }.value
    }

    static func summary(_ result: HarnessResult, _ ending: Ending) -> String {
        switch ending {
        case .leaseLost: return "the lease was lost; nothing of this turn counts"
        case .unsaid(let error): return "the turn's end could not be stored: \(error)"
        case .released: return "put back"
        case .committed(let agent):
            guard let failure = result.failure else { return "finished" }
            if let attention = agent.attention { return "failed (\(failure.kind.rawValue)): \(attention)" }
            return "failed (\(failure.kind.rawValue)): \(failure.message)"
        }
    }
}

extension Timestamp {
    /// `1 hour`, `26 hours`.
    fileprivate func wholeHours(since: Timestamp) -> String {
        let hours = (self - since).components.seconds / 3600
        return hours == 1 ? "an hour" : "\(hours) hours"
    }
}

extension HarnessResult {
    /// The same with secrets masked in what a program wrote.
    func redacted(by redactor: Redactor) -> HarnessResult {
        var result = self
        if let failure { result.failure?.message = redactor.redacted(failure.message) }
        result.reply = redactor.redacted(reply)
        return result
    }
}
