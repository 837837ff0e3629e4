public import Configuration
import Files
public import Model
public import Operations

/// Makes a folder a town. Nothing that is there is overwritten.
public struct TownMaker: Sendable {
    /// What was made.
    public struct Made: Sendable, Equatable {
        public var name: String
        /// The town's folder, absolute and without links (W57).
        public var root: String
        /// Where a damaged list of towns was put aside to.
        public var registryPutAside: String?
        /// Why the town is not in the user's list of towns, where it is not. It is whole all the same.
        public var registryProblem: (any Error)?

        public static func == (left: Self, right: Self) -> Bool {
            left.root == right.root && left.name == right.name
        }
    }

    private let home: String
    private let openStore: @Sendable (TownConfiguration, TownFiles, StoreAccess) async throws -> any Store

    /// - Parameter home: the user's folder for what belongs to no town.
    public init(
        home: String,
        openStore: @escaping @Sendable (TownConfiguration, TownFiles, StoreAccess) async throws -> any Store =
            TownStore.open
    ) {
        self.home = home
        self.openStore = openStore
    }

    /// Makes a town of `folder`, which is made where it does not exist.
    /// - Parameters:
    ///   - folder: absolute.
    ///   - name: nil takes that of the repository and branch, or of the folder.
    ///   - usesSocket: the town has a Redis of its own, on a Unix socket, in place of the embedded store.
    /// - Throws: `ConfigurationError`: `alreadyInitialized`, or `invalid` for the name; else as the store.
    public func make(_ folder: String, name asked: String?, usesSocket: Bool = false) async throws -> Made {
        try Self.refuseUnusable(folder)
        try Files.makeFolder(folder, mode: 0o755)
        let root = try Files.canonical(folder)
        try Self.refuseUnusable(root)
        let files = TownFiles(root: root)
        try Self.refuseExisting(files)
        let name = asked ?? TownLocator.suggestedName(for: root)
        if let problem = TownName.problem(with: name) {
            throw ConfigurationError(.invalid, "the town's name \(problem)")
        }

        var configuration = TownConfiguration(name: name)
        if usesSocket { (configuration.store, configuration.redis.useSocket) = (.redis, true) }
        let text = TownConfiguration.template(name: name, defaultCLI: nil, usesSocket: usesSocket)
        let written = try TownConfiguration.parse(text, file: files.configuration).0
        try SafePath(".tt", in: root).makeFolder()
        if let problem = TownOwnership.problem(root: root) {
            throw ConfigurationError(.unsafe, "\(problem); tt makes no town where others can write")
        }
        // Two at once: one makes the town, the other finds it.
        let lock = files.file("init.lock")
        // Trusted first: the next init recognises what an interrupted one leaves behind, and accepts no other state.
        try lock.locked {
            try Self.refuseExisting(files)
            try TrustGate(home: home, environment: [:]).trust(root: root, configuration: written)
        }
        // The store comes before the configuration: a configuration without a store would look like a town that works.
        try await openStore(configuration, files, .readWrite).close()
        try lock.locked {
            try Self.refuseExisting(files)
            try SafePath(TownConfiguration.fileName, in: root).write(text)
        }
        var made = Made(name: name, root: root)
        // The list serves `tt towns` alone, so that a town whose entry is missing is whole all the same.
        do {
            made.registryPutAside = try TownRegistry(home: home).register(.init(path: root, name: name))
        } catch {
            made.registryProblem = error
        }
        return made
    }

    /// The longest path of a town's folder, in bytes: SQLite opens files of 512, and puts a word behind the store's.
    public static let longestRoot = 490

    /// Refuses a folder in which a town could not work, before anything is made.
    private static func refuseUnusable(_ folder: String) throws(ConfigurationError) {
        if folder.utf8.count > longestRoot {
            throw ConfigurationError(
                .invalid,
                "the folder's path has \(folder.utf8.count) bytes, and the store can open at most \(longestRoot); make the "
                    + "town in a folder with a shorter path")
        }
        if folder.unicodeScalars.contains("\u{FFFD}") {
            throw ConfigurationError(
                .invalid, "the folder's name is not UTF-8, so tt cannot name it; rename the folder, or use another one")
        }
    }

    private static func refuseExisting(_ files: TownFiles) throws {
        guard Files.exists(files.configuration) else { return }
        throw ConfigurationError(
            .alreadyInitialized, "\(files.root) is already a town; nothing changed. See it with: tt status")
    }
}
