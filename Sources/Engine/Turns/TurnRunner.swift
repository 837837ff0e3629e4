public import Model
public import Secrets
import Synchronization

/// Everything that turns need from outside.
public struct TurnTools: Sendable {
    public var store: any Store
    public var harnesses: any HarnessSource
    public var workspaces: any Workspaces
    public var time: any TimeSource
    public var random: any Randomness
    public var journal: any TurnJournal
    public var files: any PromptFiles
    public var town: TurnContext
    public var settings: HostSettings
    /// Masks secrets in what a turn leaves behind.
    public var redactor: Redactor
    /// Nil: turns have no secrets, and their commands cannot write.
    public var secrets: (any TurnSecrets)?

    /// - Parameter workspaces: nil lets all turns work in the town's folder.
    public init(
        store: any Store, harnesses: any HarnessSource, time: any TimeSource, random: any Randomness,
        journal: any TurnJournal, files: any PromptFiles, town: TurnContext, settings: HostSettings,
        workspaces: (any Workspaces)? = nil, redactor: Redactor = .forms, secrets: (any TurnSecrets)? = nil
    ) {
        self.store = store
        self.harnesses = harnesses
        self.workspaces = workspaces ?? SharedFolder(town.root)
        self.time = time
        self.random = random
        self.journal = journal
        self.files = files
        self.town = town
        self.settings = settings
        self.redactor = redactor
        self.secrets = secrets
    }
}

/// Takes one turn: prompt, harness, commit; renews the lease meanwhile.
struct TurnRunner: Sendable {
    /// How a turn ended, for the host's loop.
    enum Ending: Sendable {
        /// The agent after its turn.
        case committed(Agent)
        /// The messages are back in the inbox.
        case released
        /// The lease is somebody else's: whatever was done does not count.
        case leaseLost
        /// The store could not be reached to say how it ended; the lease stays until a host recovers it.
        case unsaid(StoreError)
    }

    let tools: TurnTools
    /// The one whose digest the lease holds.
    var secret: TurnSecret?

    /// Runs the turn of `lease`. Where the task is cancelled, `interruption` says why and the messages go back.
    @concurrent func run(_ lease: Lease, interruption: @escaping @Sendable () -> ReleaseCause) async -> Ending {
        let started = tools.time.now()
        let record = tools.journal.begin(
            lease.token.turn, agent: lease.agent, number: lease.agent.turnsCompleted + 1, at: started)
        defer { tools.files.remove(turn: lease.token.turn) }

        let (said, lost) = await harnessResult(lease, record: record)
        // From here on it goes to the store: to states, events, messages and snapshots.
        let result = said.redacted(by: tools.redactor)
        if lost {
            record.end("the lease was lost; nothing of this turn counts")
            return .leaseLost
        }
        let ending: Ending
        if Task.isCancelled {
            let cause = interruption()
            ending = await release(lease.token, cause: cause)
            switch cause {
            case .killed: record.end("ended by request; its messages wait")
            case .interrupted: record.end("interrupted; its messages wait until the agent is resumed")
            default: record.end("put back; the host stops")
            }
        } else {
            let commit = commit(lease, result, started: started)
            ending = await finish(lease.token, commit)
            await tell(of: commit, ending)
            record.end(Self.summary(result, ending))
        }
        return ending
    }

    // The harness's result, and whether the lease was lost meanwhile (then the harness was ended).
    private func harnessResult(_ lease: Lease, record: any TurnRecord) async -> (HarnessResult, lost: Bool) {
        let harness: any Harness
        let request: TurnRequest
        do {
            harness = try tools.harnesses.harness(for: lease.agent)
            request = try await prepare(lease, harness: harness, record: record)
        } catch {
            return (HarnessResult(failure: error), false)
        }
        return await withTaskGroup(of: HarnessResult?.self) { group in
            group.addTask { await harness.run(request) }
            group.addTask {
                await self.renew(lease.token)
                return nil
            }
            // Whichever ends first decides: the harness with a result, or the renewal because the lease is gone (or
            // because everything is cancelled; then the harness still says how it ended).
            var result: HarnessResult?
            var lost = false
            while let ended = await group.next() {
                if let ended { result = ended } else if !Task.isCancelled, result == nil { lost = true }
                group.cancelAll()
            }
            return (result ?? HarnessResult(), lost)
        }
    }

    private func prepare(_ lease: Lease, harness: any Harness, record: any TurnRecord) async throws(Failure)
        -> TurnRequest
    {
        let folder = tools.town.scratchFolder + "/" + lease.token.turn.description
        let context: PromptContext
        do {
            let counts = try await tools.store.taskCounts()
            context = PromptContext(
                town: tools.town, lease: lease, agents: try await tools.store.agents(),
                backlog: counts.backlog > 0 ? try await tools.store.tasks(.backlog, page: Page(limit: 200)) : [],
                backlogCount: counts.backlog, longMessage: tools.settings.longMessage, folder: folder,
                redactor: tools.redactor)
        } catch {
            throw Failure(.machine, "The town's state could not be read: \(error)")
        }
        let workspace = try await tools.workspaces.folder(for: lease)
        var (prompt, files) = PromptBuilder.build(context)
        if let secret { files.append(PromptFile(name: Self.tokenFile, content: secret.text)) }
        do {
            _ = try tools.files.write(files, turn: lease.token.turn)
        } catch {
            throw Failure(.machine, "The turn's folder could not be written: \(error)")
        }
        let session = lease.agent.session.flatMap { $0.harness == harness.name ? $0 : nil }
        return TurnRequest(
            turn: lease.token.turn, newSessionID: ID<HarnessSession>(random: tools.random).description,
            session: session, prompt: prompt, scratchFolder: folder, workingDirectory: workspace,
            environment: environment(lease, folder: folder), limits: tools.settings.turnLimits,
            emit: emitter(lease, harness: harness.name, record: record))
    }

    /// The name of the file with the turn's secret.
    private static let tokenFile = "token"

    private func environment(_ lease: Lease, folder: String) -> [String: String] {
        var environment = tools.town.environment
        environment["TINYTOWN_AGENT_ID"] = lease.agent.id.description
        environment["TINYTOWN_AGENT_NAME"] = lease.agent.name
        environment["TINYTOWN_TOWN"] = tools.town.root
        environment["TINYTOWN_TURN"] = lease.token.turn.description
        // Its name has none of the words by which Codex keeps variables from the commands that it runs: KEY, SECRET, TOKEN.
        environment["TINYTOWN_PROOF_FILE"] = secret == nil ? nil : "\(folder)/\(Self.tokenFile)"
        var tasks: [String] = []
        for id in lease.deliveries.compactMap({ $0.message.body.assignedTask?.description }) where !tasks.contains(id) {
            tasks.append(id)
        }
        // A script that knows one task a turn ends the first; the next turn begins with those that are left.
        environment["TINYTOWN_TASK_ID"] = tasks.first
        environment["TINYTOWN_TASK_IDS"] = tasks.isEmpty ? nil : tasks.joined(separator: " ")
        return environment
    }

    // Events of the harness come from its own threads, in order; what needs the store is done by tasks of its own.
    private func emitter(_ lease: Lease, harness: String, record: any TurnRecord)
        -> @Sendable (HarnessEvent) -> Void
    {
        let (store, time) = (tools.store, tools.time)
        let known = Mutex(lease.agent.session?.id)
        return { event in
            record.record(event)
            switch event {
            case .session(let id):
                let isNew = known.withLock { known in
                    defer { known = id }
                    return known != id
                }
                guard isNew else { return }
                Task {
                    // Losing this write loses nothing but the chance to resume a turn that is killed.
                    try? await store.note(
                        lease.token, session: HarnessSession(id: id, harness: harness), now: time.now())
                }
            case .stalled(let silence):
                Task {
                    var event = Event(
                        .turnStalled, [.agent: lease.agent.name, .number: String(Int(silence.inSeconds))],
                        at: time.now())
                    event.agent = lease.agent.id
                    event.turn = lease.token.turn
                    try? await store.append([event])
                }
            default: break
            }
        }
    }

    // MARK: The lease

    /// Returns when the lease is lost or the task is cancelled. A store that cannot be reached is asked again: slow is
    /// not dead.
    private func renew(_ token: LeaseToken) async {
        let usual = tools.settings.leaseDuration / 3
        var pause = usual
        while !Task.isCancelled {
            guard (try? await tools.time.sleep(for: pause)) != nil else { return }
            let now = tools.time.now()
            do throws(StoreError) {
                try await tools.store.renew(token, until: now + tools.settings.leaseDuration, now: now)
                pause = usual
            } catch {
                if error.code == .leaseLost { return }
                // What cannot be said in time is said soon after the store is there again.
                pause = usual / 10
            }
        }
    }

    /// Renews the lease while `work` runs.
    private func keeping(_ token: LeaseToken, _ work: @escaping @Sendable () async -> Ending) async -> Ending {
        await withTaskGroup(of: Ending?.self) { group in
            group.addTask { await work() }
            group.addTask {
                await self.renew(token)
                return nil
            }
            while let ended = await group.next() {
                if let ended {
                    group.cancelAll()
                    return ended
                }
            }
            return .leaseLost
        }
    }

    // MARK: The end

    private func commit(_ lease: Lease, _ result: HarnessResult, started: Timestamp) -> TurnCommit {
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
    private func tell(of commit: TurnCommit, _ ending: Ending) async {
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
    private func finish(_ token: LeaseToken, _ commit: TurnCommit) async -> Ending {
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

    private func release(_ token: LeaseToken, cause: ReleaseCause) async -> Ending {
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

    private static func summary(_ result: HarnessResult, _ ending: Ending) -> String {
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
    fileprivate func redacted(by redactor: Redactor) -> HarnessResult {
        var result = self
        if let failure { result.failure?.message = redactor.redacted(failure.message) }
        result.reply = redactor.redacted(reply)
        return result
    }
}

extension MessageBody {
    /// The task that this message assigns.
    package var assignedTask: TaskID? {
        if case .taskAssign(let task) = self { task } else { nil }
    }
}
