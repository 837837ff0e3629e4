import Concurrency
import Processes
import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import Testing

/// What a store in Redis does when its server is killed, slow to come back, or full, and what its verbs cost.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct RedisOutages {
    private func town(_ server: PrivateServer, _ options: RedisOptions = .patient) async throws -> Town {
        Town(store: try await RedisStore.open(server.client(options), town: "t", time: StillTime()))
    }

    @Test(arguments: ServerProgram.all)
    func `a server that is killed in the middle of a turn and comes back has kept the turn, which commits`(
        _ program: ServerProgram
    ) async throws {
        let server = try await PrivateServer(program, arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let client = server.client()
        let town = Town(store: try await RedisStore.open(client, town: "t", time: StillTime()))
        let ada = try await town.spawn("ada")
        let first = try await town.send(ada, "first")
        let lease = try #require(try await town.lease(ada))
        let late = try await town.send(ada, "late")
        let changes = try await town.store.changes()
        var iterator = changes.makeAsyncIterator()
        #expect(await iterator.next() != nil, "it listens")
        await server.kill()
        // What is sent on a connection whose end was not noticed may have been carried out, and is not repeated.
        while client.isConnected { await Task.yield() }
        try await server.start()
        // The client makes its connection anew, and the server knows none of the scripts.
        let summary = try await town.store.commit(town.finished(lease))
        #expect(summary.state == .idle)
        #expect(try await town.state(first) == .done)
        #expect(try await town.state(late) == .queued)
        #expect(await iterator.next() != nil, "followers look again after an interruption")
        #expect(try await town.lease(ada)?.deliveries.map(\.message.id) == [late])
        await town.store.close()
    }

    @Test(arguments: ServerProgram.all)
    func `what only reads is asked again if its answer is lost with the server`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program, arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let town = try await town(server)
        let ada = try await town.spawn("ada")
        for round in 1...5 {
            // Stopped, it takes the question and cannot answer any more.
            server.process?.signal(.stop)
            async let known = town.store.agent(ada)
            async let mail = town.store.inbox(ada, page: Page())
            async let log = town.store.latestEvents(limit: 5, filter: EventFilter())
            for _ in 1...200 { await Task.yield() }
            await server.kill()
            try await server.start()
            #expect(try await known?.name == "ada", "\(round)")
            #expect(try await mail.isEmpty)
            #expect(try await !log.isEmpty)
        }
        await town.store.close()
    }

    @Test func `a server that is gone is said to be so within the time that a request has`() async throws {
        let server = try await PrivateServer()
        var options = RedisOptions.patient
        options.requestTimeout = .seconds(2)
        let town = try await town(server, options)
        let ada = try await town.spawn("ada")
        await server.kill()
        let began = ContinuousClock.now
        let failure = await code { try await town.send(ada) }
        #expect(failure == .unavailable || failure == .unknownOutcome)
        #expect(began.duration(to: .now) < .seconds(30), "neither the client's other limits nor its own came first")
        await town.store.close()
        #expect(await code { try await town.send(ada) } == .closed)
    }

    @Test(arguments: ServerProgram.all)
    func `a server without memory refuses a verb wholly`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program)
        let town = try await town(server)
        let (ada, client) = (try await town.spawn("ada"), server.client())
        try await town.send(ada, "before")
        let before = try await town.dump()
        try await client.send(["CONFIG", "SET", "maxmemory", "1mb"])
        let failure = await code { try await town.send(ada, String(repeating: "x", count: 100_000)) }
        #expect(failure == .full)
        try await client.send(["CONFIG", "SET", "maxmemory", "0"])
        #expect(try await town.dump() == before)
        await town.store.close()
        client.close()
    }

    /// Commands that the server has carried out, those inside scripts included.
    private func commands(_ client: RedisClient) async throws -> Int {
        let stats = try await client.send(["INFO", "commandstats"]).text ?? ""
        return stats.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            let calls = line.split(separator: "=").dropFirst().first?.prefix { $0.isNumber } ?? ""
            return sum + (line.hasPrefix("cmdstat_") && !line.hasPrefix("cmdstat_info") ? Int(calls) ?? 0 : 0)
        }
    }

    @Test func `a turn costs the same commands however many messages wait`() async throws {
        let server = try await PrivateServer()
        let (town, client) = (try await town(server), server.client())
        let ada = try await town.spawn("ada")
        var costs: [Int] = []
        for count in [100, 20_000] {
            for _ in 0..<(count / 100) {
                let messages = (0..<100).map { town.message(ada, "\($0)") }
                _ = try await town.store.send(messages, limits: SendLimits())
            }
            let before = try await commands(client)
            let lease = try #require(try await town.lease(ada, max: 10))
            _ = try await town.store.commit(town.finished(lease))
            try await town.send(ada, "one more")
            _ = try await town.store.pulse()
            _ = try await town.store.inbox(ada, page: Page(limit: 10))
            costs.append(try await commands(client) - before)
        }
        // The first round also brings the scripts to the server.
        #expect(costs[1] <= costs[0])
        #expect(costs[0] < 400)
        await town.store.close()
        client.close()
    }

    @Test func `any number of agents and followers needs two connections`() async throws {
        let server = try await PrivateServer()
        let (town, client) = (try await town(server), server.client())
        for number in 0..<200 {
            var agent = Agent(id: town.id(), name: "a\(number)", cli: "echo", createdAt: town.start)
            agent.maxTurns = 0
            try await town.store.register(agent, maxAgents: 1000)
        }
        let changes = try await town.store.changes()
        var iterator = changes.makeAsyncIterator()
        #expect(await iterator.next() != nil)
        let list = try await client.send(["CLIENT", "LIST"]).text ?? ""
        #expect(list.split(whereSeparator: \.isNewline).count <= 3, "the test's own included")
        await town.store.close()
        client.close()
    }
}
