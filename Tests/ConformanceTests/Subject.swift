import Concurrency
import MemoryStore
import Model
import Processes
import Redis
import RedisServers
import RedisStore
import SQLiteStore
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A kind of store that has to keep the port's promises. A new one joins by one line in `all`.
struct Subject: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Makes an empty store; the folder lives as long as the test.
    var open: @Sendable (ScratchFolder) async throws -> any Store

    static let all =
        [
            Subject(testDescription: "memory") { _ in MemoryStore() },
            Subject(testDescription: "SQLite, durability full") { try await SQLiteStore.open(folder: $0.path) },
            Subject(testDescription: "SQLite, durability normal") {
                try await SQLiteStore.open(folder: $0.path, options: SQLiteOptions(durability: .normal))
            },
        ]
        + ServerProgram.all.map { program in
            Subject(testDescription: program.name) { folder in
                let server = try await Servers.shared.server(program)
                let name = folder.path.split(separator: "/").last.map(String.init) ?? ""
                return try await RedisStore.open(server.client(), town: name, time: StillTime())
            }
        }
        + [
            // Its verbs run as scripts, as on a server that offers no functions.
            Subject(testDescription: "\(ServerProgram.any.name), a user without functions") { folder in
                let server = try await Servers.shared.server(.any)
                let admin = server.client()
                defer { admin.close() }
                try await admin.send([
                    "ACL", "SETUSER", "scripts", "on", ">pass", "~*", "&*", "+@all", "-fcall", "-function",
                ])
                let name = folder.path.split(separator: "/").last.map(String.init) ?? ""
                let client = RedisClient(try RedisEndpoint(url: "unix://scripts:pass@\(server.socket)"))
                return try await RedisStore.open(client, town: name, time: StillTime())
            }
        ]

    /// Runs `body` with a town in an empty store, and closes the store afterwards.
    func run(_ body: (Town) async throws -> Void) async throws {
        let folder = try ScratchFolder()
        let town = Town(store: try await open(folder))
        do {
            try await body(town)
        } catch {
            await town.store.close()
            throw error
        }
        await town.store.close()
        withExtendedLifetime(folder) {}
    }
}

/// A store with what tests do again and again. Its clock stands still unless it is moved.
final class Town: Sendable {
    let store: any Store
    let random = SeededRandomness(seed: 7)
    let host = HostID(high: 9, low: 9)
    let start = Timestamp(microseconds: 1_700_000_000_000_000)

    init(store: any Store) { self.store = store }

    func id<Entity>() -> ID<Entity> { ID(random: random) }

    @discardableResult
    func spawn(_ name: String, change: (inout Agent) -> Void = { _ in }) async throws -> AgentID {
        var agent = Agent(id: id(), name: name, cli: "echo", createdAt: start)
        agent.maxRounds = 0
        change(&agent)
        try await store.register(agent, maxAgents: 100)
        return agent.id
    }

    func message(
        _ to: AgentID, _ text: String = "do it", from: AgentID = .supervisor, priority: Priority = .normal,
        body: MessageBody? = nil
    ) -> Message {
        Message(
            id: id(), from: from, to: to, body: body ?? .task(description: text), priority: priority, createdAt: start)
    }

    @discardableResult
    func send(
        _ to: AgentID, _ text: String = "do it", from: AgentID = .supervisor, priority: Priority = .normal,
        body: MessageBody? = nil
    ) async throws -> MessageID {
        let message = message(to, text, from: from, priority: priority, body: body)
        return try await store.send([message], limits: SendLimits())[0].id
    }

    func lease(_ agent: AgentID, at now: Timestamp? = nil, host: HostID? = nil, max: Int = 100) async throws -> Lease? {
        try await store.lease(
            LeaseRequest(agent: agent, host: host ?? self.host, turn: id(), now: now ?? start, maxMessages: max))
    }

    func finished(_ lease: Lease, at now: Timestamp? = nil) -> TurnCommit {
        TurnCommit(
            token: lease.token, outcome: .finished(reply: "done"), duration: .seconds(12), now: now ?? start)
    }

    func failed(
        _ lease: Lease, _ kind: FailureClass = .crash, counts: Bool = true, retryAt: Timestamp? = nil,
        pause: String? = nil, drops: Bool = false, maxAttempts: Int = 5, saying why: String = "it broke",
        at now: Timestamp? = nil
    ) -> TurnCommit {
        let failure = Failure(kind, why)
        var verdict = FailurePolicy().verdict(on: failure, failures: 1, now: start, jitter: 0.5)
        (verdict.retryAt, verdict.pause, verdict.countsAttempt, verdict.dropsSession) = (retryAt, pause, counts, drops)
        return TurnCommit(
            token: lease.token, outcome: .failed(failure, verdict, maxAttempts: maxAttempts), duration: .seconds(1),
            now: now ?? start)
    }

    /// Takes a turn that succeeds.
    @discardableResult
    func turn(_ agent: AgentID) async throws -> CommitSummary {
        let lease = try #require(try await lease(agent))
        return try await store.commit(finished(lease))
    }

    func texts(_ agent: AgentID) async throws -> [String] {
        try await store.inbox(agent, page: Page()).map(\.message.body.text)
    }

    func task(_ description: String = "build it", by: AgentID = .supervisor, for agent: AgentID? = nil)
        async throws -> TaskID
    {
        var task = AgentTask(id: id(), description: description, createdBy: by, createdAt: start)
        task.inBacklog = agent == nil
        let assignment = agent.map { Assignment(agent: $0, announcement: id()) }
        try await store.create(task, assignee: assignment)
        return task.id
    }

    @discardableResult
    func move(_ task: TaskID, _ move: TaskMove, by: AgentID = .supervisor) async throws -> AgentTask {
        try await store.move(task, move, by: by, announcement: id(), now: start)
    }

    func events(_ types: EventType...) async throws -> [Event] {
        try await store.events(after: 0, limit: 10_000, filter: EventFilter(types: types.isEmpty ? nil : Set(types)))
    }

    func agent(_ id: AgentID) async throws -> Agent { try #require(try await store.agent(id)) }

    func state(_ id: MessageID) async throws -> Delivery.State? { try await store.delivery(id)?.state }

    /// Everything that can be read, for comparing before and after.
    func dump() async throws -> String {
        var lines = [
            "\(try await store.agents())", "\(try await store.leases())", "\(try await store.hosts())",
            "\(try await store.tasks(TaskFilter(), page: Page()))", "\(try await store.queueCounts())",
            "\(try await store.deadLetters(page: Page()))", "\(try await events())",
            "\(try await store.taskCounts().backlog)",
        ]
        for agent in try await store.agents() {
            lines.append("\(try await store.inbox(agent.id, page: Page()))")
        }
        lines.append("\(try await store.inbox(.supervisor, page: Page()))")
        return lines.joined(separator: "\n")
    }
}

/// The code with which `body` fails, or nil.
func code(_ body: () async throws -> Void) async -> StoreError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? StoreError)?.code
    }
}

/// One server of each kind for the whole run; a town's name keeps tests apart.
actor Servers {
    static let shared = Servers()
    private var servers: [ServerProgram: Task<PrivateServer, any Error>] = [:]

    func server(_ program: ServerProgram) async throws -> PrivateServer {
        if let starting = servers[program] { return try await starting.value }
        let starting = Task {
            let server = try await PrivateServer(program)
            running.withLock { $0.append(server) }
            return server
        }
        if servers.isEmpty { atexit(endServers) }
        servers[program] = starting
        return try await starting.value
    }
}

// Nobody owns what is used to the end of the run, so it is ended with the process.
private let running = Mutex<[PrivateServer]>([])

private func endServers() {
    for server in running.withLock({ $0 }) {
        server.process?.signal(.kill)
        for name in ["redis.sock", "server.log"] { unlink(server.folder.path(name)) }
        rmdir(server.folder.path)
    }
}

/// The clock of a town in a test.
struct StillTime: TimeSource {
    func now() -> Timestamp { Timestamp(microseconds: 1_700_000_000_000_000) }
    func sleep(for duration: Duration) async throws {}
}
