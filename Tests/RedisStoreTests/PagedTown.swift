import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport

/// A town with a server of its own, which counts what each call of a verb asks of it.
struct PagedTown {
    var server: PrivateServer
    var client: RedisClient
    var store: RedisStore
    var town: Town

    /// The most that a call may ask of the server, whatever an agent has.
    static let most = 3000

    init(_ program: ServerProgram) async throws {
        server = try await PrivateServer(program)
        client = server.client()
        store = try await RedisStore.open(server.client(), town: "t", time: StillTime())
        town = Town(store: store)
        // Brings the library, which is not counted.
        try await town.send(.supervisor)
    }

    func close() async {
        await store.close()
        client.close()
    }

    /// How many calls of verbs a piece of work made, and how many commands in all.
    func cost(_ body: () async throws -> Void) async throws -> (calls: Int, commands: Int) {
        try await client.send(["CONFIG", "RESETSTAT"])
        try await body()
        var (calls, commands) = (0, 0)
        for line in (try await client.send(["INFO", "commandstats"]).text ?? "").split(whereSeparator: \.isNewline) {
            guard line.hasPrefix("cmdstat_"), !line.hasPrefix("cmdstat_config") else { continue }
            let count = Int(line.split(separator: "=")[1].prefix { $0.isNumber }) ?? 0
            commands += count
            if line.hasPrefix("cmdstat_fcall:") { calls = count }
        }
        return (calls, commands)
    }

    /// Sends many messages, each third one a question, the first ones urgent.
    func fill(_ agent: AgentID, _ count: Int, urgent: Int = 0, from: AgentID = .supervisor) async throws {
        for start in stride(from: 0, to: count, by: 500) {
            let messages = (start..<min(start + 500, count)).map { number in
                town.message(
                    agent, "\(number)", from: from, priority: number < urgent ? .urgent : .normal,
                    body: number % 3 == 0 ? .query(question: "\(number)") : nil)
            }
            _ = try await store.send(messages, limits: SendLimits())
        }
    }

    /// Gives an agent many tasks, and returns them in their order.
    @discardableResult
    func give(_ agent: AgentID, _ count: Int, waitingFor need: TaskID? = nil) async throws -> [TaskID] {
        var ids: [TaskID] = []
        for start in stride(from: 0, to: count, by: 100) {
            let tasks = (start..<min(start + 100, count)).map { number in
                var task = AgentTask(
                    id: town.id(), description: "task \(number)", createdBy: .supervisor, createdAt: town.start)
                task.dependsOn = need.map { [$0] } ?? []
                return NewTask(task, assignee: Assignment(agent: agent, announcement: town.id()))
            }
            try await store.create(tasks)
            ids += tasks.map(\.task.id)
        }
        return ids
    }

    func inbox(_ agent: AgentID) async throws -> [String] {
        try await store.inbox(agent, page: Page(limit: 10_000)).map(\.message.body.text)
    }
}
