import CBaseline
import Hosting
import Model
import Redis
import RedisStore
import SQLiteStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A store with one agent, and the verbs as a host calls them.
struct Subject {
    let store: any Store
    let agent: AgentID
    private let host = HostID(random: SystemRandomness())
    private let time = SystemTime()

    static let text = "a message of ordinary length, such as people write"

    /// Opens the store in a folder and registers its agent where it has none.
    static func open(_ folder: String, durability: SQLiteOptions.Durability) async throws -> Subject {
        mkdir(folder, 0o700)
        let store: any Store = try await SQLiteStore.open(
            folder: folder, options: SQLiteOptions(durability: durability))
        if let known = try await store.agents().first { return Subject(store: store, agent: known.id) }
        var agent = Agent(
            id: AgentID(random: SystemRandomness()), name: "worker", cli: "true", createdAt: SystemTime().now())
        agent.maxTurns = 0
        try await store.register(agent, maxAgents: 10)
        return Subject(store: store, agent: agent.id)
    }

    /// Opens a town on a server's Unix socket with so many agents; a subject for each, all on one connection.
    static func open(redis socket: String, town: String, agents: Int = 1) async throws -> [Subject] {
        let client = RedisClient(RedisEndpoint(.unix(path: socket)))
        let store = try await RedisStore.open(client, town: town, time: SystemTime())
        var known = try await store.agents().map(\.id)
        for number in known.count..<max(agents, known.count) {
            var agent = Agent(
                id: AgentID(random: SystemRandomness()), name: "worker\(number)", cli: "true",
                createdAt: SystemTime().now())
            agent.maxTurns = 0
            try await store.register(agent, maxAgents: agents)
            known.append(agent.id)
        }
        return known.map { Subject(store: store, agent: $0) }
    }

    private init(store: any Store, agent: AgentID) {
        self.store = store
        self.agent = agent
    }

    /// The agent's id as C takes it.
    var agentBytes: [UInt8] { withUnsafeBytes(of: (agent.high.bigEndian, agent.low.bigEndian)) { Array($0) } }

    func message() -> Message {
        Message(
            id: MessageID(random: SystemRandomness()), from: .supervisor, to: agent,
            body: .task(description: Self.text),
            createdAt: time.now())
    }

    func send(_ count: Int = 1) async throws {
        _ = try await store.send((0..<count).map { _ in message() }, limits: SendLimits())
    }

    func lease(atMost count: Int = 100) async throws -> Lease? {
        try await store.lease(
            LeaseRequest(
                agent: agent, host: host, turn: TurnID(random: SystemRandomness()), now: time.now(), maxMessages: count)
        )
    }

    /// A message's whole life.
    func cycle() async throws {
        try await send()
        guard let lease = try await lease() else { throw BenchError("nothing to lease") }
        try await commit(lease)
    }

    func commit(_ lease: Lease) async throws {
        _ = try await store.commit(
            TurnCommit(
                token: lease.token, outcome: .finished(reply: ""), duration: .zero, now: time.now()))
    }
}

/// Nanoseconds of the clock that all processes share.
func now() -> Double { Double(baseline_now()) }
