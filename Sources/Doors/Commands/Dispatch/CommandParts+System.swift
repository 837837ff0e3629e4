import Configuration
import Files
import Hosting
import Model
public import Operations
import SQLiteStore

extension CommandParts {
    /// The parts of a real process.
    /// - Parameters:
    ///   - folder: the working directory.
    ///   - ensureHost: starts a host for a town where it needs one.
    public static func system(
        environment: [String: String], folder: String,
        ensureHost: @escaping @Sendable (Town) async throws -> Void
    ) -> CommandParts {
        let janitor = TownJanitor()
        return CommandParts(
            console: SystemConsole(environment: environment), environment: environment, folder: folder,
            time: SystemTime(), random: SystemRandomness(), openStore: openStore, isAlive: janitor.isAlive,
            waitForEnd: janitor.waitForEnd, endSurvivors: janitor.endSurvivors, ensureHost: ensureHost)
    }

    /// The store that a town's configuration names. One that is missing is made: a town that came with a repository
    /// has a configuration and no state yet.
    @Sendable
    private static func openStore(
        _ configuration: TownConfiguration, _ files: TownFiles, _ access: StoreAccess
    ) async throws -> any Store {
        switch configuration.store {
        case .sqlite:
            if access == .existing, !Files.exists(files.database) {
                throw OperationError(.notFound, "the town '\(configuration.name)' has no state yet")
            }
            try files.prepare()
            var options = SQLiteOptions()
            options.durability = configuration.synchronous == .full ? .full : .normal
            return try await SQLiteStore.open(folder: files.state, options: options)
        case .redis:
            throw OperationError(
                .unavailable,
                "the town '\(configuration.name)' keeps its state in Redis, which this version cannot use",
                hint: "set store = \"sqlite\" in tinytown.toml to begin with an empty store")
        }
    }
}
