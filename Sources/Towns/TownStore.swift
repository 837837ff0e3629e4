public import Configuration
import Files
public import Model
public import Operations
import SQLiteStore

/// Opens stores: the one place that knows which kinds there are.
public enum TownStore {
    /// The store that a town's configuration names. One that is missing is made: a town that came with a repository
    /// has a configuration and no state yet.
    /// - Throws: `OperationError` (`unavailable`), `StoreError` or `FileError`.
    @Sendable
    public static func open(
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
