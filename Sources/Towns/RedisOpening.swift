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
        do {
            let plan = try RedisPlan(configuration, files, environment)
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
                // What an agent reports must not be lost because the server is started anew just then; a person is told
                // at once.
                client = try await plan.connect(
                    options, patience: environment["TINYTOWN_TURN"] == nil ? .zero : .seconds(20))
            }
            do {
                return try await RedisStore.open(
                    client, town: configuration.name, time: try await ServerClock(client) ?? SystemTime())
            } catch {
                client.close()
                throw error
            }
        } catch let error as ServerError {
            throw OperationError(error)
        } catch let error as RedisError {
            throw OperationError(.unavailable, error.message)
        }
    }
}
