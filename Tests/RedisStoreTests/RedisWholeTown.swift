import Concurrency
import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import Testing

/// Reading and replacing a whole town in Redis goes page by page: what happens between two pages.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct RedisWholeTown {
    private static let force = ReplaceTerms(overwrites: true)

    private func server(_ program: ServerProgram) async throws -> PrivateServer {
        try await PrivateServer(program, arguments: ["--appendonly", "yes", "--appendfsync", "always"])
    }

    private func store(_ server: PrivateServer) async throws -> RedisStore {
        try await RedisStore.open(server.client(), town: "t", time: StillTime())
    }

    /// A town with a few of everything and `count` messages more.
    private func fill(_ town: Town, _ count: Int) async throws {
        try await WholeTown.full(town)
        let agent = try await town.spawn("busy")
        for start in stride(from: 0, to: count, by: 100) {
            let messages = (start..<min(start + 100, count)).map { town.message(agent, "message \($0)") }
            _ = try await town.store.send(messages, limits: SendLimits())
        }
    }

    /// Another town, as records and as it is to be read.
    private func other(_ server: PrivateServer, _ count: Int) async throws -> (records: [TownRecord], dump: String) {
        let store = try await RedisStore.open(server.client(), town: "other", time: StillTime())
        let town = Town(store: store)
        try await fill(town, count)
        let records = try await WholeTown.read(store)
        // Its leases and hosts stay behind.
        try await WholeTown.fill(store, records, Self.force)
        let dump = try await town.dump()
        await store.close()
        return (records, dump)
    }

    private func pieces(_ records: [TownRecord]) -> WholeTown.Pieces { .init(records, by: 150) }

    @Test(arguments: ServerProgram.all)
    func `a replacement that ends after any of its pages, with its server or alone, is carried on by whoever comes`(
        _ program: ServerProgram
    ) async throws {
        let server = try await server(program)
        let (records, expected) = try await other(server, 250)
        let first = try await store(server)
        try await fill(Town(store: first), 200)
        await first.close()
        var (pages, isWhole) = (0, false)
        while !isWhole {
            let store = try await store(server)
            let pieces = pieces(records)
            try await store.begin(Self.force) { await pieces.next() }
            for _ in 0..<pages where !isWhole { isWhole = try await !store.advance() }
            await store.close()
            if pages % 2 == 0 {
                await server.kill()
                try await server.start()
            }
            // Whatever the next one wants, it finds the new town.
            let next = Town(store: try await self.store(server))
            #expect(try await next.dump() == expected, "after \(pages) pages")
            await next.store.close()
            pages += 1
        }
        #expect(pages > 6, "a page holds a part of it")
        let client = server.client()
        #expect(try await client.send(["KEYS", "*~*"]) == .array([]))
        client.close()
    }

    @Test(arguments: ServerProgram.all)
    func `a replacement whose server ends while it is put down changes nothing, and leaves nothing for good`(
        _ program: ServerProgram
    ) async throws {
        let server = try await server(program)
        let (records, expected) = try await other(server, 500)
        let client = server.client()
        let store = try await RedisStore.open(client, town: "t", time: StillTime())
        let town = Town(store: store)
        try await fill(town, 100)
        let before = try await town.dump()
        let pieces = pieces(records)
        let failure = await code {
            try await store.replaceAll(Self.force) {
                let next = await pieces.next()
                if await pieces.count == 4 {
                    await server.kill()
                    while client.isConnected { await Task.yield() }
                    try await server.start()
                    // The file was cut short: a page that was acknowledged is gone.
                    try await client.send(["LPOP", try await self.staged(client)])
                }
                return next
            }
        }
        #expect(failure == .corrupt)
        #expect(try await town.dump() == before)
        #expect(try await client.send(["KEYS", "*~*"]) == .array([]))

        // The same without anybody who clears up.
        let again = self.pieces(records)
        await #expect(throws: CancellationError.self) {
            try await store.replaceAll(Self.force) {
                guard let next = await again.next() else {
                    let left = try await client.send(["TTL", try await self.staged(client)]).integer ?? -1
                    #expect((1...3600).contains(left), "what nobody carries on goes by itself")
                    throw CancellationError()
                }
                return next
            }
        }
        try await WholeTown.fill(store, records, Self.force)
        #expect(try await town.dump() == expected)
        await store.close()
    }

    private func staged(_ client: RedisClient) async throws -> String {
        let keys = try await client.send(["KEYS", "tt:t:~new:*"]).array?.compactMap(\.text) ?? []
        return try #require(keys.first { $0.split(separator: ":").count == 4 })
    }

    @Test func `a replacement that was interrupted can be replaced itself, where that is asked for`() async throws {
        let server = try await PrivateServer()
        let (large, _) = try await other(server, 500)
        let (small, expected) = try await other(server, 30)
        let (store, client) = (try await store(server), server.client())
        let town = Town(store: store)
        try await fill(town, 300)
        let pieces = pieces(large)
        try await store.begin(Self.force) { await pieces.next() }
        for _ in 0..<4 { #expect(try await store.advance()) }
        try await WholeTown.fill(store, small, Self.force)
        #expect(try await town.dump() == expected)
        #expect(try await client.send(["KEYS", "*~*"]) == .array([]))

        let again = self.pieces(large)
        try await store.begin(Self.force) { await again.next() }
        let refused = await code { try await WholeTown.fill(store, small) }
        #expect(refused == .notEmpty, "unasked it is finished first")
        await store.close()
        client.close()
    }

    @Test
    func `while a town is read others may read and wait with what they write, and a reader that died is waited out`()
        async throws
    {
        let server = try await PrivateServer()
        let (store, client) = (try await store(server), server.client())
        let town = Town(store: store)
        let ada = try await town.spawn("ada")
        try await town.send(ada, "before")
        let before = try await town.dump()
        try await client.send(["SET", "tt:t:~state", "hold somebody"])
        #expect(try await town.dump() == before, "reading goes on")
        let sending = Task { try await town.send(ada, "meanwhile") }
        let moving = Task { try await town.lease(ada, max: 1)?.deliveries.first?.message.body.text }
        let reading = Task { try await WholeTown.read(store) }
        // All three were refused once and will ask again.
        while try await evaluations(client) < 20 { await Task.yield() }
        #expect(try await town.dump() == before)
        try await client.send(["PEXPIRE", "tt:t:~state", "1"])
        _ = try await (sending.value, reading.value)
        #expect(try await moving.value == "before")
        #expect(Set(try await town.texts(ada)) == ["before", "meanwhile"])
        await store.close()
        client.close()
    }

    @Test func `reading, replacing and forgetting a town take a page at a time`() async throws {
        let server = try await PrivateServer()
        let (store, client) = (try await store(server), server.client())
        let town = Town(store: store)
        let ada = try await town.spawn("ada")
        for start in stride(from: 0, to: 3000, by: 100) {
            let messages = (start..<start + 100).map { town.message(ada, "message \($0)") }
            _ = try await store.send(messages, limits: SendLimits())
        }
        /// Scripts that `body` takes.
        func scripts(_ body: () async throws -> Void) async throws -> Int {
            let before = try await evaluations(client)
            try await body()
            return try await evaluations(client) - before
        }
        var records: [TownRecord] = []
        #expect(try await scripts { records = try await WholeTown.read(store) } >= 30)
        #expect(try await scripts { try await WholeTown.fill(store, records, Self.force) } >= 60)
        #expect(try await scripts { try await store.reset(now: town.start) } >= 15)
        #expect(try await store.agents().isEmpty)
        await store.close()
        client.close()
    }

    /// Scripts that the server has run.
    private func evaluations(_ client: RedisClient) async throws -> Int {
        let stats = try await client.send(["INFO", "commandstats"]).text ?? ""
        return stats.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            guard ["cmdstat_evalsha:", "cmdstat_fcall:"].contains(where: line.hasPrefix) else { return sum }
            return sum + (Int(line.split(separator: "=")[1].prefix { $0.isNumber }) ?? 0)
        }
    }
}
