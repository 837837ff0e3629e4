public import Configuration
import Files
import FoundationEssentials
import MemoryStore
public import Model
public import Operations
import SQLiteStore

/// Opens stores: the one place that knows which kinds there are.
public enum TownStore {
    /// A store of nothing, for looking at a town that has no state and that nobody trusts yet.
    public static func empty() -> any Store { MemoryStore() }

    /// The same with this process's environment.
    @Sendable
    public static func open(
        _ configuration: TownConfiguration, _ files: TownFiles, _ access: StoreAccess
    ) async throws -> any Store {
        try await open(configuration, files, access, environment: ProcessInfo.processInfo.environment)
    }

    /// What is damaged in the files of `store`, in a line each; nil for a store that has none here.
    public static func problems(of store: any Store) async throws -> [String]? {
        try await (store as? SQLiteStore)?.check()
    }

    /// The store that a town's configuration names. One that is missing is made: a town that came with a repository
    /// has a configuration and no state yet.
    /// - Parameter environment: may name a Redis server and its password.
    /// - Throws: `OperationError` (`unavailable`), `StoreError` or `FileError`.
    public static func open(
        _ configuration: TownConfiguration, _ files: TownFiles, _ access: StoreAccess, environment: [String: String]
    ) async throws -> any Store {
        switch configuration.store {
        case .sqlite:
            if RedisAccess.isTurn(environment), environment[RedisAccess.socket] != nil,
                environment["TINYTOWN_TOWN"] == files.root
            {
                throw OperationError(
                    .conflict, "tinytown.toml names another store than the one that this turn's host works with",
                    hint: "undo the change of store in tinytown.toml")
            }
            if access == .existing, !files.database.exists {
                throw OperationError(.notFound, "the town '\(configuration.name)' has no state yet")
            }
            try files.prepare()
            try SQLiteStore.check(files.database)
            var options = SQLiteOptions()
            options.durability = configuration.synchronous == .full ? .full : .normal
            return try await SQLiteStore.open(folder: files.state, options: options)
        case .redis:
            // The folder is made when it is needed; that it leads nowhere else counts in any case.
            try files.hostLock.check()
            return try await RedisOpening(environment: environment).open(configuration, files, access)
        }
    }
}
