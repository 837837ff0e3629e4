import Concurrency
import MemoryStore
import Model
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// One agent's turn over a memory store, with time, harness and the store's answers in the test's hands.
final class TurnBench: Sendable {
    static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    let clock = ManualClock()
    let inner: any Store = MemoryStore()
    let script = StoreScript()
    let harness: ScriptedHarness
    let journal = Journal()
    let random = SeededRandomness(seed: 3)
    let agent: Agent
    let tools: TurnTools

    init(
        harness: ScriptedHarness = ScriptedHarness(), agent name: String = "ada", workspaces: (any Workspaces)? = nil,
        _ change: (inout HostSettings) -> Void = { _ in }
    ) async throws {
        self.harness = harness
        var agent = Agent(id: AgentID(high: 5, low: 5), name: name, cli: harness.name, createdAt: Self.start)
        agent.maxTurns = 0
        self.agent = agent
        try await inner.register(agent, maxAgents: 10)
        var settings = HostSettings()
        change(&settings)
        tools = TurnTools(
            store: InterceptedStore(inner, script), harnesses: harness, time: ManualTime(clock), random: random,
            journal: journal, files: NoFiles(),
            town: TurnContext(name: "t", root: "/r", environment: ["X": "1"], scratchFolder: "/r/.tt/turns"),
            settings: settings, workspaces: workspaces)
    }

    /// Gives the agent a message, or tasks, and leases it.
    func lease(_ text: String = "do it", tasks: Int = 0, until: Duration = .seconds(30)) async throws -> Lease {
        for number in 0..<tasks {
            let task = AgentTask(
                id: TaskID(random: random), description: "\(text) \(number)", createdBy: .supervisor,
                createdAt: Self.start)
            try await inner.create(
                task, assignee: Assignment(agent: agent.id, announcement: MessageID(random: random)))
        }
        if tasks == 0 {
            let message = Message(
                id: MessageID(random: random), from: .supervisor, to: agent.id, body: .query(question: text),
                createdAt: Self.start)
            _ = try await inner.send([message], limits: SendLimits())
        }
        let request = LeaseRequest(
            agent: agent.id, host: HostID(high: 1, low: 1), turn: TurnID(random: random), now: Self.start)
        return try #require(try await inner.lease(request))
    }

    func run(
        _ lease: Lease, interruption: @escaping @Sendable () -> ReleaseCause = { .drained }
    ) -> Task<TurnRunner.Ending, Never> {
        let runner = TurnRunner(tools: tools)
        return Task { await runner.run(lease, interruption: interruption) }
    }

    /// Lets the time pass that a turn waits for, until it has ended.
    func end(of turn: Task<TurnRunner.Ending, Never>) async -> TurnRunner.Ending {
        let isOver = Flag()
        return await withTaskGroup(of: TurnRunner.Ending?.self) { group in
            group.addTask {
                let ending = await turn.value
                isOver.set()
                return ending
            }
            group.addTask {
                while !isOver.isSet {
                    await Task.yield()
                    self.clock.advanceToNext()
                }
                return nil
            }
            var ending: TurnRunner.Ending?
            for await one in group { ending = one ?? ending }
            return ending!
        }
    }

    func events(_ type: EventType) async throws -> [Event] {
        try await inner.events(after: 0, limit: 1000, filter: EventFilter(types: [type]))
    }

    var record: Agent { get async throws { try #require(try await inner.agent(agent.id)) } }
}

final class Flag: Sendable {
    private let flag = Atomic(false)
    func set() { flag.store(true, ordering: .relaxed) }
    var isSet: Bool { flag.load(ordering: .relaxed) }
}

/// A town's time that a test moves.
struct ManualTime: TimeSource {
    let clock: ManualClock

    init(_ clock: ManualClock) { self.clock = clock }

    func now() -> Timestamp { TurnBench.start + clock.now.offset }
    func sleep(for duration: Duration) async throws { try await clock.sleep(until: clock.now.advanced(by: duration)) }
}

/// What becomes of the next calls of a verb; those without a plan go through. Counts the calls.
final class StoreScript: StoreInterceptor {
    enum Plan: Sendable {
        /// Not carried out.
        case refused(StoreError.Code)
        /// Carried out; the answer is lost.
        case unanswered
        /// Something happens first.
        case after(@Sendable () async throws(StoreError) -> Void)
    }

    private struct State {
        var plans: [String: [Plan]] = [:]
        var counts: [String: Int] = [:]
        var watchers: [(verb: String, count: Int, gate: OneShot<Void>)] = []
    }
    private let state = Mutex(State())

    func plan(_ verb: String, _ plans: Plan...) { state.withLock { $0.plans[verb, default: []] += plans } }

    func count(_ verb: String) -> Int { state.withLock { $0.counts[verb] ?? 0 } }

    /// Returns when the verb was called `count` times in all, answers included.
    func reached(_ verb: String, _ count: Int) async {
        let gate = OneShot<Void>()
        let isThere = state.withLock { state in
            if state.counts[verb, default: 0] >= count { return true }
            state.watchers.append((verb, count, gate))
            return false
        }
        if !isThere { await gate.value }
    }

    func around<Answer: Sendable>(
        _ verb: String, _ call: () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        let plan: Plan? = state.withLock { state in
            guard state.plans[verb]?.isEmpty == false else { return nil }
            return state.plans[verb]!.removeFirst()
        }
        defer { counted(verb) }
        switch plan {
        case .refused(let code): throw StoreError(code, "as the script has it")
        case .unanswered:
            _ = try await call()
            throw StoreError(.unknownOutcome, "the answer was lost")
        case .after(let first):
            try await first()
            return try await call()
        case nil: return try await call()
        }
    }

    private func counted(_ verb: String) {
        let ready = state.withLock { state in
            state.counts[verb, default: 0] += 1
            let count = state.counts[verb]!
            let ready = state.watchers.filter { $0.verb == verb && $0.count <= count }
            state.watchers.removeAll { $0.verb == verb && $0.count <= count }
            return ready
        }
        for one in ready { one.gate.set() }
    }
}

/// A harness that ends when, and as, the test says.
final class ScriptedHarness: Harness, HarnessSource {
    let name = "scripted"
    private let began = OneShot<TurnRequest>()
    private let result = OneShot<HarnessResult>()
    private let cancelled = Flag()

    /// Ends at once with `result`, if there is one.
    init(_ result: HarnessResult? = nil) { if let result { end(result) } }

    func end(_ result: HarnessResult) { self.result.set(result) }

    /// What it was asked to do, as soon as it was.
    var request: TurnRequest { get async { await began.value } }
    var wasCancelled: Bool { cancelled.isSet }

    func run(_ request: TurnRequest) async -> HarnessResult {
        began.set(request)
        return await withTaskCancellationHandler {
            await result.value
        } onCancel: {
            cancelled.set()
            result.set(HarnessResult())
        }
    }

    func harness(for agent: Agent) throws(Failure) -> any Harness {
        guard agent.cli == name else { throw Failure(.configuration, "no such CLI") }
        return self
    }

    func isAvailable(_ cli: String) -> Bool { cli == name }
}

/// What the records of turns were closed with.
final class Journal: TurnJournal {
    private struct Record: TurnRecord {
        let journal: Journal
        func record(_ event: HarnessEvent) {}
        func end(_ summary: String) { journal.lines.withLock { $0.append(summary) } }
    }

    private let lines = Mutex<[String]>([])

    var ends: [String] { lines.withLock { $0 } }
    func begin(_ turn: TurnID, agent: Agent, number: Int, at now: Timestamp) -> any TurnRecord { Record(journal: self) }
}

struct NoFiles: PromptFiles {
    func write(_ files: [PromptFile], turn: TurnID) throws -> String { "/r/.tt/turns/\(turn)" }
    func remove(turn: TurnID) {}
}
