import Model
import Secrets
import Synchronization

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
    func keeping(_ token: LeaseToken, _ work: @escaping @Sendable () async -> Ending) async -> Ending {
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
}
