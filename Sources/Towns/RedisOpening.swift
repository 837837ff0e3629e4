import Configuration
import Hosting
import Model
import Operations
import Redis
import RedisStore
import Servers

/// Opens a town's store in Redis: the server that the configuration names, or one that is started for it.
struct RedisOpening: Sendable {
    let environment: [String: String]

    /// - Parameter access: with `.existing` no server is started.
    func open(_ configuration: TownConfiguration, _ files: TownFiles, _ access: StoreAccess) async throws -> any Store {
        if RedisAccess.isTurn(environment) { return try await openInTurn(files) }
        do {
            let plan = try ServerChoice(configuration, files, environment)
            var options = RedisOptions()
            options.name = "tt"
            let client: RedisClient
            if access == .existing, let server = plan.server {
                guard let running = try await server.running(options) else {
                    throw OperationError(
                        .notFound, "the Redis server of the town '\(configuration.name)' does not run",
                        hint: "any command in the town starts it")
                }
                client = running
            } else {
                try files.prepare()
                client = try await plan.connect(options)
            }
            // Escaped text is longer than it is, and the envelope comes on top.
            return try await store(
                client, configuration.name, maxEntry: configuration.maxMessageKB * 1024 * 2 + 4096)
        } catch let error as ServerError {
            throw OperationError(error)
        } catch let error as RedisError {
            throw OperationError(.unavailable, error.message)
        }
    }

    /// A turn reaches the store of its own town through its host, and no other server.
    private func openInTurn(_ files: TownFiles) async throws -> any Store {
        guard environment["TINYTOWN_TOWN"] == files.root else {
            throw OperationError(
                .conflict, "a turn reaches the store of its own town only, and \(files.root) is another one",
                hint: "ask the person to run this command")
        }
        guard let path = environment[RedisAccess.socket], let name = environment[RedisAccess.town] else {
            throw OperationError(
                .unavailable, "a turn reaches the town's store through its host, and this turn's host relays none",
                hint: "restart the town's host: tt stop, then tt start")
        }
        var endpoint = RedisEndpoint(.unix(path: path))
        endpoint.owner = .thisUser(advice: "it is not the host of this turn")
        var options = RedisOptions()
        options.name = "tt"
        do {
            // What an agent reports must not be lost because the server is started anew just then.
            return try await store(
                try await ServerChoice(relay: endpoint).connect(options, patience: .seconds(20)), name)
        } catch let error as RedisError {
            throw OperationError(.unavailable, error.message)
        }
    }

    private func store(_ client: RedisClient, _ town: String, maxEntry: Int? = nil) async throws -> any Store {
        do {
            return try await RedisStore.open(
                client, town: town, time: try await ServerClock(client) ?? SystemTime(), maxEntry: maxEntry)
        } catch {
            client.close()
            throw error
        }
    }
}
