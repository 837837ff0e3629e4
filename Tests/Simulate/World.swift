import Concurrency
import Model
import Synchronization
import TestSupport

/// A whole town in one process: a store, hosts that die, agents that are scripts, clocks that jump.
final class World: Sendable {
    let seed: UInt64
    let random: SeededRandomness
    let stores: TownStores
    /// What people, agents and followers reach.
    var store: any Store { stores.shared }
    let witness: Witness
    let deaths = Deaths()
    let processes: SimulatedProcesses
    let clocks = Mutex([SimulatedTime]())
    let running = Mutex([RunningHost]())
    let habits = Mutex([AgentID: Habit]())
    private let calm = Atomic(false)
    private let cured = Atomic(false)
    private let over = Atomic(false)
    private let faults: Double
    /// Whether hosts have guardians. Without one, only a command starts a host.
    let isGuarded: Bool
    /// Whether the person sends work in the evening and does nothing else until the morning.
    let personSleeps: Bool
    /// The machines that hosts run on. Commands are given on the first.
    let machines: [String]
    /// Until when the links of machines to the store are down, in true time.
    let cuts = Mutex([String: Int64]())
    /// When no agent reaches its service, in true time.
    let outage: ClosedRange<Int64>?
    /// After which agents fall asleep; zero: never.
    let idleTimeout: Duration

    init(seed: UInt64, stores: TownStores) {
        self.seed = seed
        self.stores = stores
        random = SeededRandomness(seed: seed)
        // Some seeds are rough, some are quiet.
        faults = [0, 0.01, 0.05, 0.15][Int(random.next() % 4)]
        machines = random.unit() < 0.3 ? ["m", "n"] : ["m"]
        witness = Witness(isSpread: machines.count > 1)
        processes = SimulatedProcesses(witness: witness)
        // What survives its host on another machine ends with that machine's next host.
        isGuarded = machines.count > 1 || random.unit() < 0.6
        personSleeps = random.unit() < 0.5
        let start = 1_800_000_000_000_000 + Int64(random.next() % 1_800_000_000)
        outage = random.unit() < 0.3 ? start...(start + 6 * 3_600_000_000) : nil
        idleTimeout = [.zero, .seconds(60), .seconds(300)][Int(random.next() % 3)]
    }

    var isCalm: Bool { calm.load(ordering: .relaxed) }
    /// Agents do all that they are asked for, and nothing else.
    var isCured: Bool { cured.load(ordering: .relaxed) }
    /// Nobody starts a host any more.
    var isOver: Bool { over.load(ordering: .relaxed) }

    /// All machines go by the clock of the store, so that what is due means the same on each.
    var isSpread: Bool { machines.count > 1 }

    func cut(_ machine: String, for seconds: Int) {
        witness.note("the link of \(machine) is down for \(seconds) s")
        cuts.withLock { $0[machine] = Scheduler.shared.now + Int64(seconds) * 1_000_000 }
    }

    private func isCut(_ machine: String) -> Bool { cuts.withLock { $0[machine] ?? 0 } > Scheduler.shared.now }

    var isCutOff: Bool { outage?.contains(Scheduler.shared.now) ?? false }

    func becomeCured() { cured.store(true, ordering: .relaxed) }
    func end() { over.store(true, ordering: .relaxed) }

    /// Nothing fails any more, and all clocks tell the truth.
    func becomeCalm() {
        calm.store(true, ordering: .relaxed)
        for clock in clocks.withLock({ $0 }) { clock.jump(to: 0) }
    }

    /// A store as one client sees it.
    /// - Parameter own: reached by this client alone; nil for the one that all share.
    func client(
        on machine: String = "m", of own: (any Store)? = nil, isDead: @escaping @Sendable () -> Bool = { false }
    ) -> any Store {
        var fault = Fault(
            random: random, witness: witness, isDead: isDead, isCut: { [self] in isCut(machine) },
            isCalm: { [self] in isCalm })
        fault.busy = faults
        fault.lostAnswer = faults
        fault.delay = faults * 2
        return InterceptedStore(own ?? store, fault, owns: false)
    }

    func chance(_ probability: Double) -> Bool { random.unit() < probability }
    func number(_ range: Range<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }
    func pause(upTo seconds: Double) async {
        try? await Scheduler.shared.sleep(microseconds: Int64(random.unit() * seconds * 1e6))
    }
}

/// Runs agents that are scripts of the world.
struct ScriptedHarness: Harness, HarnessSource {
    let world: World
    let host: HostID
    let machine: String
    let name = "script"

    func harness(for agent: Agent) throws(Failure) -> any Harness { self }
    func isAvailable(_ cli: String) -> Bool { true }

    func run(_ request: TurnRequest) async -> HarnessResult {
        // A dead host starts nothing.
        guard !world.deaths.isDead(host), let agent = request.environment["TINYTOWN_AGENT_ID"].flatMap(AgentID.init)
        else { return HarnessResult(failure: Failure(.crash, "the host is dead")) }
        let script = AgentScript(world: world, machine: machine, request: request, agent: agent)
        let process = world.processes.start(request.turn, agent: agent, on: machine, by: host, prompt: request.prompt) {
            await script.run()
        }
        let limit = Task {
            try? await Scheduler.shared.sleep(microseconds: request.limits.turn.wholeMicroseconds)
            if !Task.isCancelled { process.cancel() }
        }
        defer { limit.cancel() }
        return await withTaskCancellationHandler {
            await process.value
        } onCancel: {
            // A host that was killed cannot end anything.
            if !world.deaths.isDead(host) { process.cancel() }
        }
    }
}

/// What a simulated agent does in a turn.
struct AgentScript: Sendable {
    let world: World
    let machine: String
    let request: TurnRequest
    let agent: AgentID

    func run() async -> HarnessResult {
        let store = world.client(on: machine)
        request.emit(.session("session-of-\(agent.short)"))
        await world.pause(upTo: 90)
        if world.isCutOff { return HarnessResult(session: session, failure: Failure(.network, "no route")) }
        let habit = world.habit(of: agent)
        if let habit { await indulge(habit) }
        for task in assignedTasks() where habit == nil && !Task.isCancelled && isWilling(0.8) {
            await attempt { () async throws(StoreError) in
                _ = try await store.move(
                    task, isWilling(0.85) ? .complete("done") : .fail("cannot"), by: agent,
                    announcement: MessageID(random: world.random), now: now)
            }
            await world.pause(upTo: 5)
        }
        for task in offeredTasks() where !Task.isCancelled && world.chance(0.5) {
            await attempt { () async throws(StoreError) in
                _ = try await store.move(
                    task, .assign(agent), by: agent, announcement: MessageID(random: world.random), now: now)
            }
            guard world.chance(0.7) else { continue }
            await attempt { () async throws(StoreError) in
                _ = try await store.move(
                    task, .complete("done"), by: agent, announcement: MessageID(random: world.random), now: now)
            }
        }
        if !Task.isCancelled, !world.isCured, world.chance(0.3),
            let other = try? await world.store.agents().randomElement(world)
        {
            var message = Message(
                id: MessageID(random: world.random), from: agent, to: other.id,
                body: .task(description: "handover \(request.turn)"),
                createdAt: now)
            message.idempotencyKey = "\(request.turn)"
            let letter = message
            await attempt { () async throws(StoreError) in
                _ = try await store.send([letter], limits: SendLimits(maxHops: 6))
            }
        }
        // Nothing else ends a circle.
        if world.isCalm || habit != nil { return HarnessResult(reply: "done", session: session) }
        if world.chance(0.04) { try? await Scheduler.shared.sleep(microseconds: 3_600_000_000) }
        if Task.isCancelled { return HarnessResult(session: session, failure: Failure(.timeout, "ended from outside")) }
        guard world.chance(0.8) else {
            let kind = FailureClass.allCases[world.number(0..<FailureClass.allCases.count)]
            return HarnessResult(session: session, failure: Failure(kind, "scripted \(kind.rawValue)"))
        }
        return HarnessResult(reply: "done", session: session)
    }

    private var session: HarnessSession { HarnessSession(id: "session-of-\(agent.short)", harness: "script") }
    var now: Timestamp { Timestamp(microseconds: Scheduler.shared.now) }

    private func isWilling(_ probability: Double) -> Bool { world.isCured || world.chance(probability) }

    // As a real agent would: from the commands that its prompt shows.
    func assignedTasks() -> [TaskID] {
        request.prompt.split(separator: "`tt task complete ").dropFirst().compactMap { TaskID(String($0.prefix(36))) }
    }

    private func offeredTasks() -> [TaskID] {
        request.prompt.split(separator: "`tt backlog claim ").dropFirst().compactMap { TaskID(String($0.prefix(36))) }
    }

    /// Repeats a command until it is through, as long as the process lives. Verbs are safe to repeat.
    func attempt(_ body: () async throws(StoreError) -> Void) async {
        for _ in 0..<20 where !Task.isCancelled {
            do throws(StoreError) { return try await body() } catch {
                guard [.busy, .unknownOutcome, .unavailable].contains(error.code) else { return }
                await world.pause(upTo: error.code == .unavailable ? 20 : 0.5)
            }
        }
    }
}

extension Array where Element: Sendable {
    fileprivate func randomElement(_ world: World) -> Element? { isEmpty ? nil : self[world.number(0..<count)] }
}

struct SilentJournal: TurnJournal {
    struct Record: TurnRecord {
        func record(_ event: HarnessEvent) {}
        func end(_ summary: String) {}
    }
    func begin(_ turn: TurnID, agent: Agent, number: Int, at now: Timestamp) -> any TurnRecord { Record() }
}

struct NoFiles: PromptFiles {
    func write(_ files: [PromptFile], turn: TurnID) throws -> String { "" }
    func remove(turn: TurnID) {}
}
