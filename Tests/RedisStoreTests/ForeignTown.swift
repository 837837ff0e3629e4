import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestSupport
import Testing

/// A town in Redis that is shared with programs which know only Tinytown's keys.
struct ForeignTown {
    let town: Town
    let name: String
    let client: RedisClient

    /// What every key of the town begins with.
    var prefix: String { "tt:\(name):" }

    /// Runs `body` with a town of its own on the shared server.
    /// - Parameter prepare: writes to the server before this program sees any of it; gets the prefix of keys.
    static func run(
        _ program: ServerProgram, prepare: (RedisClient, String) async throws -> Void = { _, _ in },
        _ body: (ForeignTown) async throws -> Void
    ) async throws {
        let server = try await Servers.shared.server(program)
        let folder = try ScratchFolder()
        let name = "shared-" + (folder.path.split(separator: "-").last.map(String.init) ?? "")
        let client = server.client()
        try await prepare(client, "tt:\(name):")
        let store = try await RedisStore.open(server.client(), town: name, time: StillTime())
        do {
            try await body(ForeignTown(town: Town(store: store), name: name, client: client))
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        client.close()
    }

    /// Sends a command; in its words `@` stands for the prefix of the town's keys where a word begins with it.
    @discardableResult
    func redis(_ words: String...) async throws -> RedisValue {
        let words = words.map { $0.hasPrefix("@") ? prefix + $0.dropFirst() : $0 }
        return try await client.send(RedisCommand(words[0], arguments: Array(words.dropFirst())))
    }

    /// The names of the town's agents, as soon as there are as many. A server with n keys is seen in n / 2000 looks, and
    /// other tests fill this one.
    func agents(_ count: Int) async throws -> [String] {
        for _ in 0..<400 {
            let found = try await town.store.agents()
            if found.count >= count { return found.map(\.name) }
        }
        return try await town.store.agents().map(\.name)
    }

    func fields(_ key: String) async throws -> [String: String] {
        try #require(try await redis("HGETALL", "@" + key).fields).compactMapValues(\.text)
    }

    func list(_ key: String) async throws -> [String] {
        try await redis("LRANGE", "@" + key, "0", "-1").array?.map { $0.text ?? "" } ?? []
    }

    /// Writes an agent's record as Tinytown's `spawn` does.
    func spawn(_ id: String, _ name: String, state: String = "idle") async throws {
        try await redis(
            "HSET", "@agent:\(id)", "id", id, "name", name, "nickname", "Ruth", "spawn_mode", "fresh", "agent_type",
            "worker", "state", state, "cli", "claude", "created_at", "2026-04-20T18:22:15.123456789+00:00",
            "last_heartbeat", "2026-04-20T18:22:15.123+00:00", "last_active_at", "2026-04-20T18:22:15+00:00",
            "tasks_completed", "0", "rounds_completed", "0")
    }

    /// Writes a whole task as Tinytown does: fields that say nothing are deleted, all others set.
    func put(task id: String, _ description: String, _ state: String, owner: String? = nil, result: String? = nil)
        async throws
    {
        try await redis("HDEL", "@task:\(id)", "assigned_to", "started_at", "completed_at", "result", "parent_id")
        var words = [
            "HSET", "@task:\(id)", "id", id, "description", description, "state", state, "created_at",
            "2026-04-20T18:22:15+00:00", "updated_at", "2026-04-20T18:30:15+00:00", "tags", "[]",
        ]
        if let owner { words += ["assigned_to", owner] }
        if let result { words += ["result", result, "completed_at", "2026-04-20T18:30:15+00:00"] }
        words[1] = prefix + words[1].dropFirst()
        try await client.send(RedisCommand(words[0], arguments: Array(words.dropFirst())))
    }
}
