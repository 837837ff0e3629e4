import MemoryStore
public import Model
import Redis
import RedisServers
import RedisStore
import SQLiteStore
public import TestSupport

/// A kind of store that has to keep the port's promises. A new one joins by one line in `all`.
public struct Subject: Sendable, CustomStringConvertible {
    /// Which one.
    public var description: String
    /// Makes an empty store; the folder lives as long as the test.
    public var open: @Sendable (ScratchFolder) async throws -> any Store

    /// All that the product has, and each way into Redis.
    public static let all =
        [
            Subject(description: "memory") { _ in MemoryStore() },
            Subject(description: "SQLite, durability full") { try await SQLiteStore.open(folder: $0.path) },
            Subject(description: "SQLite, durability normal") {
                try await SQLiteStore.open(folder: $0.path, options: SQLiteOptions(durability: .normal))
            },
        ]
        + ServerProgram.all.map { program in
            Subject(description: program.name) { folder in
                let server = try await Servers.shared.server(program)
                let name = folder.path.split(separator: "/").last.map(String.init) ?? ""
                return try await RedisStore.open(server.client(), town: name, time: StillTime())
            }
        }
        + [
            // Its verbs run as scripts, as on a server that offers no functions.
            Subject(description: "\(ServerProgram.any.name), a user without functions") { folder in
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
    public func run(_ body: (Town) async throws -> Void) async throws {
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
