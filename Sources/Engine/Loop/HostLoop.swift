public import Model
import Synchronization

/// Runs agents' turns until it is asked to stop or no live agent is left that it could run.
///
/// It sleeps until the store rings, a turn ends, another host dies or a timer is due; then it looks at the town once
/// and does what `Schedule` decides. All state that matters is in the store: a host that dies loses nothing.
public actor HostLoop {
    private let tools: TurnTools
    private let janitor: any ProcessJanitor
    private var host: Host
    private var turns: [AgentID: Running] = [:]
    private var recovering: Set<TurnID> = []
    private var watched: [HostID: Task<Void, Never>] = [:]
    private var recoveries: [TurnID: Task<Void, Never>] = [:]
    private var offers = Offers()
    private var isStopping = false
    private var storeFailures = 0
    /// When the store could be reached again, after it could not.
    private var reachedSince: Timestamp?
    private var offerFailures = 0
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    private struct Running {
        var task: Task<Void, Never>
        let interruption: Interruption
    }

    /// Why a turn is cut short, should it be: the host stops, unless something else is said.
    private final class Interruption: Sendable {
        private let value = Mutex(ReleaseCause.drained)
        func set(_ new: ReleaseCause) { value.withLock { $0 = new } }
        var get: ReleaseCause { value.withLock { $0 } }
    }

    /// - Parameter host: this process, as other hosts will see it.
    public init(tools: TurnTools, janitor: any ProcessJanitor, host: Host) {
        self.tools = tools
        self.janitor = janitor
        self.host = host
        (bell, ring) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Serves until `stopping` ends, then drains; returns by itself when no agent needs it any more.
    ///
    /// Cancelling the task ends at once: running turns are ended and put back without the grace period.
    /// - Throws: `StoreError` where the store cannot be used at all.
    public func run(until stopping: AsyncStream<Never>, announced: @Sendable () -> Void = {}) async throws {
        let changes = try await tools.store.changes()
        try await announce()
        announced()
        let ring = ring
        // Children, not tasks of their own: they listen where their parent prefers to run.
        await withTaskGroup { listeners in
            listeners.addTask {
                for await _ in changes { ring.yield() }
                ring.finish()
            }
            listeners.addTask {
                for await _ in stopping {}
                if !Task.isCancelled { await self.beginStopping() }
            }
            await self.loop()
            await self.drain()
            listeners.cancelAll()
        }
        for watch in watched.values { watch.cancel() }
        for recovery in recoveries.values { await recovery.value }
        try? await tools.store.retire(host.id, died: false, now: tools.time.now())
    }

    private func announce() async throws {
        let now = tools.time.now()
        // Where the kernel knows who lives, an entry never expires.
        host.expiresAt = now + (tools.settings.renewsHost ? tools.settings.leaseDuration * 2 : Host.unrenewed)
        try await tools.store.announce(host, now: now)
    }

    private func beginStopping() {
        isStopping = true
        ring.yield()
    }

    // MARK: The loop

    private func loop() async {
        var bells = bell.makeAsyncIterator()
        while !Task.isCancelled {
            var decision = await look()
            if isStopping { return }
            if let decided = decision {
                await act(on: decided)
                // What is offered to an agent that sleeps wakes it.
                switch await offer(to: decided.idle) {
                case nil: decision = nil
                case false?: if decided.isDone, turns.isEmpty, recoveries.isEmpty { return }
                case true?: break
                }
            }
            let timer = alarm(for: decision)
            defer { timer?.cancel() }
            if await bells.next(isolation: self) == nil { return }
        }
    }

    private func look() async -> Schedule.Decision? {
        let begun = tools.time.now()
        do {
            if tools.settings.renewsHost { try await announce() }
            let pulses = try await tools.store.pulse()
            try await noteLacks(pulses.map(\.agent.cli))
            // Leases before hosts: a host makes itself known before it leases, so the holder of a lease that is seen is
            // known by then, unless it is gone. The other way round, a host that has just come would look dead.
            let leases = try await tools.store.leases()
            let view = Schedule.View(
                now: tools.time.now(), host: host.id, pulses: pulses, hosts: try await tools.store.hosts(),
                leases: leases, isAlive: { [janitor] in janitor.isAlive($0) },
                running: Set(turns.keys), recovering: recovering, settings: tools.settings, isStopping: isStopping,
                reachedSince: noteReached(since: begun))
            watch(view.hosts)
            return Schedule.decide(view)
        } catch {
            storeFailures += 1
            return nil
        }
    }

    /// Tells hosts of other machines what cannot be run here, so that it is left to them. On one machine all find the
    /// same programs.
    private func noteLacks(_ needed: [String]) async throws {
        guard tools.settings.renewsHost else { return }
        let lacks = Set(needed).filter { !tools.harnesses.isAvailable($0) }
        guard lacks != host.lacks else { return }
        host.lacks = lacks
        try await announce()
    }

    /// What cuts this host off may cut others off as well, and then nobody could renew anything: they get the time of
    /// one lease to do so. An answer that took very long is as good as none.
    private func noteReached(since begun: Timestamp) -> Timestamp? {
        let now = tools.time.now()
        if storeFailures > 0 || now - begun > tools.settings.leaseDuration / 3 { reachedSince = now }
        storeFailures = 0
        return reachedSince
    }

    /// A timer for the next thing that is due, if there is one.
    private func alarm(for decision: Schedule.Decision?) -> Task<Void, Never>? {
        var delay: Duration?
        if let decision {
            if let wakeAt = decision.wakeAt { delay = max(wakeAt - tools.time.now(), .zero) }
            if tools.settings.renewsHost {
                delay = min(delay ?? .seconds(3600), tools.settings.leaseDuration * 2 / 3)
            }
        } else {
            delay = min(.milliseconds(100) * (1 << min(max(storeFailures, offerFailures), 8)), .seconds(20))
        }
        guard let delay else { return nil }
        let (time, ring) = (tools.time, ring)
        return Task {
            if (try? await time.sleep(for: delay)) != nil { ring.yield() }
        }
    }

    private func act(on decision: Schedule.Decision) async {
        for action in decision.actions {
            switch action {
            case .startTurn(let agent): await startTurn(agent)
            case .endTurn(let agent, let cause):
                turns[agent]?.interruption.set(cause)
                turns[agent]?.task.cancel()
            case .retire(let agent, let reason):
                _ = try? await tools.store.change(agent, .retire(reason: reason), now: tools.time.now())
            case .recover(let lease, let cause): recover(lease, cause)
            case .bury(let dead):
                try? await tools.store.retire(dead.id, died: true, now: tools.time.now())
                watched.removeValue(forKey: dead.id)?.cancel()
            }
        }
    }

    /// - Returns: whether anything was offered; nil where the store did not answer, and has to be asked again.
    private func offer(to idle: [Agent]) async -> Bool? {
        // A copy, because an actor's state is not handed out over a wait.
        var offers = offers
        defer { self.offers = offers }
        do {
            let isAny = try await offers.make(to: idle, store: tools.store, now: tools.time.now())
            offerFailures = 0
            return isAny
        } catch {
            offerFailures += 1
            return nil
        }
    }

    // MARK: Turns

    private func startTurn(_ agent: AgentID) async {
        guard turns[agent] == nil, turns.count < tools.settings.maxConcurrentTurns else { return }
        let secret = tools.secrets?.make()
        let request = LeaseRequest(
            agent: agent, host: host.id, turn: TurnID(random: tools.random), now: tools.time.now(),
            duration: tools.settings.leaseDuration, aloneAfter: tools.settings.aloneAfter, proof: secret?.digest)
        let lease: Lease?
        do {
            lease = try await tools.store.lease(request)
        } catch {
            // A lease that was granted although the answer was lost is found by the next look: ours, and not running.
            ring.yield()
            return
        }
        guard let lease else { return }
        let interruption = Interruption()
        let runner = TurnRunner(tools: tools, secret: secret)
        let task = Task {
            _ = await runner.run(lease, interruption: { interruption.get })
            self.turnEnded(agent)
        }
        turns[agent] = Running(task: task, interruption: interruption)
    }

    private func turnEnded(_ agent: AgentID) {
        turns[agent] = nil
        ring.yield()
    }

    // MARK: Recovery

    /// Ends what the lease's turn left behind, then puts its messages back. Never the other way round: a message must
    /// not run twice.
    private func recover(_ lease: LeaseRecord, _ cause: ReleaseCause) {
        let turn = lease.token.turn
        guard recovering.insert(turn).inserted else { return }
        let (tools, janitor) = (tools, janitor)
        recoveries[turn] = Task {
            await janitor.endSurvivors(of: [turn])
            try? await tools.store.release(
                lease.token, cause: cause, maxHostDeaths: tools.settings.maxHostDeaths, now: tools.time.now())
            self.recovered(turn)
        }
    }

    private func recovered(_ turn: TurnID) {
        recovering.remove(turn)
        recoveries[turn] = nil
        ring.yield()
    }

    /// Has the kernel tell when another host of this machine ends.
    private func watch(_ hosts: [Host]) {
        for other in hosts where other.id != host.id && watched[other.id] == nil {
            guard janitor.isAlive(other) == true else { continue }
            let (janitor, ring) = (janitor, ring)
            watched[other.id] = Task {
                if (try? await janitor.waitForEnd(of: other)) != nil { ring.yield() }
            }
        }
        let present = Set(hosts.map(\.id))
        for (id, task) in watched where !present.contains(id) {
            task.cancel()
            watched[id] = nil
        }
    }

    // MARK: Shutdown

    private func drain() async {
        isStopping = true
        guard !turns.isEmpty else { return }
        let running = turns.values.map(\.task)
        let (time, grace) = (tools.time, Task.isCancelled ? Duration.zero : tools.settings.drainGrace)
        let deadline = Task {
            if (try? await time.sleep(for: grace)) != nil || Task.isCancelled == false {
                for task in running { task.cancel() }
            }
        }
        await withTaskCancellationHandler {
            for task in running { await task.value }
        } onCancel: {
            for task in running { task.cancel() }
        }
        deadline.cancel()
    }
}
