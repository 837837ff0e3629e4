import Configuration
import Files
import FoundationEssentials
import Model
import Operations
import Redis
import RedisStore
import Servers

/// The way of a host's turns to a town's Redis: no turn gets its address or its password.
struct StoreRelay: Sendable {
    private let relay: RedisRelay
    private let name: String

    /// Begins to relay; nil if the town has no server.
    ///
    /// - Parameters:
    ///   - environment: the host's, which may name the server and its password.
    ///   - log: told what was refused.
    /// - Throws: `OperationError` (`unavailable`).
    init?(
        _ town: Town, host: HostID, environment: [String: String], log: @escaping @Sendable (String) -> Void
    ) async throws {
        guard let store = town.store as? RedisStore else { return nil }
        let files = TownFiles(root: town.root)
        // Sockets of hosts that were killed.
        for file in Files.names(in: files.turns) where file.hasPrefix(Self.prefix) && file.hasSuffix(Self.suffix) {
            await RedisRelay.removeIfAbandoned(files.turns + "/" + file)
        }
        let configuration = town.configuration
        let path = files.turns + "/" + Self.prefix + String(host.description.prefix(8)) + Self.suffix
        do throws(RedisError) {
            relay = try RedisRelay(
                path: path, to: store.endpoint,
                revive: { await Self.revive(configuration, files, environment) }, log: log)
        } catch {
            throw OperationError(.unavailable, error.message)
        }
        name = configuration.name
    }

    /// What a turn's environment has of it.
    var environment: [String: String] { [RedisAccess.socket: relay.path, RedisAccess.town: name] }

    /// Ends it, and the connections of turns.
    func close() { relay.close() }

    private static let (prefix, suffix) = ("store-", ".sock")

    // A server of ours that has ended is started by whoever needs it, and a turn cannot do that.
    private static func revive(
        _ configuration: TownConfiguration, _ files: TownFiles, _ environment: [String: String]
    ) async -> RedisEndpoint? {
        guard let plan = try? RedisPlan(configuration, files, environment), plan.server != nil,
            let client = try? await plan.connect()
        else { return nil }
        client.close()
        return client.endpoint
    }
}
