import MemoryStore
import Model
import Operations
import Redis
import RedisServers
import RedisStore
import SQLiteStore
import StoreVerbs
import Synchronization
import TestSupport

/// Where simulated towns keep their state.
enum StoreKind: String {
    case memory, sqlite, redis
}

/// The store of one simulated town. Each of its hosts, as a process of its own, opens it anew.
final class TownStores: Sendable {
    private let open: @Sendable () async throws(StoreError) -> any Store
    /// Nil where nothing is real.
    private let crossing: Crossing?
    private let opened = Mutex([any Store]())
    /// What people and agents use.
    let shared: any Store
    private let direct: any Store

    /// A town in memory, whose hosts share everything.
    init() {
        let store = MemoryStore()
        (open, crossing, shared, direct) = ({ () throws(StoreError) in store }, nil, store, store)
    }

    /// A town in a real store.
    init(open: @escaping @Sendable () async throws(StoreError) -> any Store) throws(StoreError) {
        let crossing = Crossing(bell: ChangeBell())
        let store = try elsewhere(open)
        (self.open, self.crossing, direct) = (open, crossing, store)
        shared = InterceptedStore(store, crossing, owns: false)
        opened.withLock { $0.append(store) }
    }

    /// How a process of its own reaches the store, and what lets go of it when the process has died.
    func another() throws(StoreError) -> (store: any Store, close: @Sendable () -> Void) {
        guard let crossing else { return (shared, {}) }
        let store = try elsewhere(open)
        opened.withLock { $0.append(store) }
        return (InterceptedStore(store, crossing, owns: false), { elsewhere { await store.close() } })
    }

    /// Copies all that the store holds to another one, and checks that it arrived.
    /// - Returns: what it holds.
    func copy() async throws -> [TownRecord] {
        let store = direct
        // What shares the simulated town's threads cannot be reached from others.
        if crossing == nil { return try await Self.copy(store) }
        return try elsewhere { () async throws in try await Self.copy(store) }
    }

    private static func copy(_ store: any Store) async throws -> [TownRecord] {
        _ = try await TownCopy.make(from: store, to: MemoryStore(), ReplaceTerms())
        let reading = try await store.export()
        var records: [TownRecord] = []
        while let next = try await reading.next() { records += next }
        await reading.close()
        return records
    }

    func close() {
        let stores = opened.withLock { $0 }
        elsewhere { for store in stores { await store.close() } }
    }
}

/// Makes a store for each simulated town.
final class StoreSource: Sendable {
    let kind: StoreKind
    private let server: PrivateServer?

    /// - Parameter program: the server that is started where it needs one.
    init(_ kind: StoreKind, server program: ServerProgram = .any) throws {
        self.kind = kind
        server = kind == .redis ? try elsewhere { () async throws in try await PrivateServer(program) } : nil
    }

    /// The stores of a new town, and what has to live as long as they do.
    func town(_ seed: UInt64) throws -> (stores: TownStores, folder: ScratchFolder?) {
        switch kind {
        case .memory: return (TownStores(), nil)
        case .sqlite:
            let folder = try ScratchFolder(prefix: "tt-simulate")
            // Every other town waits for the disk, as the product does by default.
            let options = SQLiteOptions(durability: seed.isMultiple(of: 2) ? .full : .normal)
            let stores = try TownStores { () async throws(StoreError) in
                try await SQLiteStore.open(folder: folder.path, options: options)
            }
            return (stores, folder)
        case .redis:
            guard let server else { preconditionFailure("Redis needs a server") }
            let stores = try TownStores { () async throws(StoreError) in
                try await RedisStore.open(server.client(), town: "seed-\(seed)", time: SimulatedTime())
            }
            return (stores, nil)
        }
    }

    /// A town in memory whose bells ring as those of a real store do here: what happens in it is what has to happen in
    /// the other.
    func model() throws -> TownStores {
        let store = MemoryStore()
        return try TownStores { () throws(StoreError) in InterceptedStore(store, Straight(), owns: false) }
    }

    /// Forgets all towns that there were.
    func empty() throws {
        guard let server else { return }
        _ = try elsewhere { () async throws in
            let client = server.client()
            defer { client.close() }
            return try await client.send(["FLUSHALL"]).text
        }
    }

    func end() {
        guard let server else { return }
        elsewhere { await server.kill() }
        try? ScratchFolder.removeTree(server.folder.path)
    }
}

private struct Straight: StoreInterceptor {
    func around<Answer: Sendable>(
        _ verb: String, _ call: () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer { try await call() }
}
