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
        _ town: OpenTown, host: HostID, environment: [String: String], log: @escaping @Sendable (String) -> Void
    ) async throws {
        guard let store = town.store as? RedisStore else { return nil }
        let (files, configuration) = (TownFiles(root: town.root), town.configuration)
        let file = Self.prefix + String(host.description.prefix(8)) + Self.suffix
        // Some file systems hold no sockets; the user's own folder is on another one as a rule.
        let other = GlobalConfiguration.home(environment) + "/run"
        await Self.tidy(files.turns.path)
        await Self.tidy(other)
        func listen(in folder: String) throws(RedisError) -> RedisRelay {
            try RedisRelay(
                path: folder + "/" + file, to: store.endpoint,
                revive: { await Self.revive(configuration, files, environment) }, log: log)
        }
        do throws(RedisError) {
            do throws(RedisError) { relay = try listen(in: files.turns.path) } catch {
                guard Self.isPrivate(other) else { throw error }
                relay = try listen(in: other)
            }
        } catch {
            throw OperationError(.unavailable, error.message)
        }
        name = configuration.name
    }

    /// Removes sockets of hosts that were killed.
    private static func tidy(_ folder: String) async {
        for file in Files.names(in: folder) where file.hasPrefix(prefix) && file.hasSuffix(suffix) {
            await RedisRelay.removeIfAbandoned(folder + "/" + file)
        }
    }

    /// Makes a folder; whether only this user can use it.
    private static func isPrivate(_ folder: String) -> Bool {
        try? Files.makeFolder(folder)
        guard let status = Files.status(folder), status.isFolder else { return false }
        return status.owner == Files.user && status.mode & 0o077 == 0
    }

    /// What a turn's environment has of it.
    var environment: [String: String] { [RedisAccess.socket: relay.path, RedisAccess.town: name] }

    /// Ends it, and the connections of turns.
    func close() { relay.close() }

    private static let (prefix, suffix) = ("store-", ".sock")

    // A server of ours that has ended is started by the next command that needs it, and a turn cannot do that.
    private static func revive(
        _ configuration: TownConfiguration, _ files: TownFiles, _ environment: [String: String]
    ) async -> RedisEndpoint? {
        guard let plan = try? ServerChoice(configuration, files, environment), plan.server != nil,
            let client = try? await plan.connect()
        else { return nil }
        client.close()
        return client.endpoint
    }
}
