import Concurrency
import Processes
import Redis
import RedisServers
import Synchronization
import TestOrder
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Numbers that many tasks add to.
private final class Tally: Sendable {
    private let state = Mutex(Set<Int>())
    var numbers: Set<Int> { state.withLock { $0 } }
    /// Adds a number and returns how many there are then.
    @discardableResult
    func add(_ number: Int) -> Int {
        state.withLock { state in
            state.insert(number)
            return state.count
        }
    }
}

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct FaultTests {
    @Test(arguments: ServerProgram.all)
    func `a server that is killed in mid-load and comes back loses nothing that it acknowledged`(
        _ program: ServerProgram
    ) async throws {
        let server = try await PrivateServer(program, arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        let client = server.client()
        let acknowledged = Tally()
        let unsure = Tally()
        let enough = OneShot<Void>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<50 {
                group.addTask {
                    for step in 0..<100 {
                        let number = task * 100 + step
                        do throws(RedisError) {
                            while true {
                                do throws(RedisError) {
                                    try await client.send(RedisCommand("RPUSH", "list", number))
                                    break
                                } catch {
                                    // The server is there again and reads its data: nothing was done.
                                    guard error.code == .loading else { throw error }
                                    try await client.waitUntilLoaded(patience: .seconds(50))
                                }
                            }
                            if acknowledged.add(number) == 1000 { enough.set() }
                        } catch {
                            // Nothing else may happen to a request here: what was not sent is sent later.
                            #expect(error.code == .unknownOutcome, "\(error)")
                            unsure.add(number)
                        }
                    }
                }
            }
            await enough.value
            await server.kill()
            try await server.start(waits: false)
            try await group.waitForAll()
        }
        try await client.waitUntilLoaded(patience: .seconds(50))
        let stored =
            try await client.send(["LRANGE", "list", "0", "-1"]).array?.compactMap { $0.integer.map(Int.init) } ?? []
        let (known, open) = (acknowledged.numbers, unsure.numbers)
        #expect(Set(stored).count == stored.count, "nothing is sent twice")
        #expect(known.subtracting(stored).isEmpty, "what was acknowledged is there")
        #expect(Set(stored).subtracting(known).isSubset(of: open), "nothing is there that was reported as not done")
        #expect(known.count + open.count == 5000)
        #expect(client.generation >= 2)
    }

    @Test func `a server that is gone for good gives each request a clear error within its timeout`() async throws {
        let server = try await PrivateServer()
        let client = server.client()
        try await client.connect()
        await server.kill()
        let start = ContinuousClock.now
        let error = await #expect(throws: RedisError.self) {
            try await client.send(["PING"], timeout: .milliseconds(300))
        }
        #expect([.unavailable, .unknownOutcome].contains(error?.code))
        let second = await #expect(throws: RedisError.self) {
            try await client.send(["PING"], timeout: .milliseconds(300))
        }
        #expect(second?.code == .unavailable)
        #expect(second?.message.contains("no server answers at unix://") == true)
        // Far from the limits that a client has by itself, and from what a busy machine adds.
        #expect(start.duration(to: .now) < .seconds(20))
        let first = await #expect(throws: RedisError.self) { try await server.client().connect() }
        #expect(first?.code == .unavailable)
    }

    @Test(arguments: ServerProgram.all)
    func `a timeout leaves the connection usable, and late answers go to nobody`(_ program: ServerProgram) async throws
    {
        let server = try await PrivateServer(program)
        let (client, other) = (server.client(), server.client())
        try await client.send(["SET", "a", "1"])
        // Writes wait until they are let go, or for much longer than this test takes.
        try await other.send(["CLIENT", "PAUSE", "50000", "WRITE"])
        let error = await #expect(throws: RedisError.self) {
            try await client.send(["INCR", "a"], timeout: .milliseconds(500))
        }
        #expect(error?.code == .unknownOutcome)
        try await other.send(["CLIENT", "UNPAUSE"])
        #expect(try await client.send(["ECHO", "mine"]).text == "mine")
        #expect(try await client.send(["GET", "a"]).integer == 2, "it was carried out after all")
        #expect(client.generation == 1)
    }

    @Test func `a server that stands still is given up, and is taken up again when it goes on`() async throws {
        let server = try await PrivateServer()
        var options = RedisOptions.patient
        // The request has to be sent within its time, whatever else the machine does.
        (options.requestTimeout, options.silenceLimit) = (.milliseconds(500), .milliseconds(1500))
        let client = server.client(options)
        try await client.connect()
        let process = try #require(server.process)
        process.signal(Signal(rawValue: SIGSTOP))
        defer { process.signal(Signal(rawValue: SIGCONT)) }
        let first = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
        #expect(first?.code == .unknownOutcome)
        // Each of these ends at its own time; the silence is counted from the first.
        while client.isConnected { _ = try? await client.send(["PING"]) }
        let later = await #expect(throws: RedisError.self) { try await client.send(["PING"]) }
        #expect(later?.code == .unavailable)
        process.signal(Signal(rawValue: SIGCONT))
        #expect(try await client.send(["PING"], timeout: .seconds(40)).text == "PONG")
        #expect(client.generation >= 2)
    }

    @Test func `cancelling leaves the connection usable`() async throws {
        let server = try await PrivateServer()
        let (client, other) = (server.client(), server.client())
        try await client.connect()
        try await other.send(["CLIENT", "PAUSE", "50000", "WRITE"])
        let task = Task { try await client.send(["APPEND", "a", "theirs"]) }
        await Task.yield()
        task.cancel()
        let error = await #expect(throws: RedisError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        try await other.send(["CLIENT", "UNPAUSE"])
        #expect(try await client.send(["ECHO", "mine"]).text == "mine")
        #expect(client.generation == 1)
    }

    @Test(arguments: ServerProgram.all)
    func `maxmemory, missing scripts, wrong kinds and replicas each have their own code`(_ program: ServerProgram)
        async throws
    {
        let server = try await PrivateServer(program)
        let client = server.client()
        func code(_ command: RedisCommand) async -> RedisError.Code? {
            do throws(RedisError) { try await client.send(command) } catch { return error.code }
            return nil
        }
        try await client.send(["RPUSH", "list", "x"])
        #expect(await code(["GET", "list"]) == .wrongType)
        #expect(await code(["EVALSHA", String(repeating: "0", count: 40), "0"]) == .noScript)
        #expect(await code(["NONSENSE"]) == .other)
        try await client.send(["CONFIG", "SET", "maxmemory", "1"])
        #expect(await code(["SET", "a", "b"]) == .outOfMemory)
        #expect(await code(["EVAL", "return redis.call('set', 'a', 'b')", "0"]) == .outOfMemory)
        #expect(await code(["GET", "a"]) == nil)
        try await client.send(["CONFIG", "SET", "maxmemory", "0"])
        // A master that does not exist: a replica all the same, and one that has lost it.
        try await client.send(["REPLICAOF", "127.0.0.1", "1"])
        #expect(await code(["SET", "a", "b"]) == .readOnlyReplica)
        try await client.send(["CONFIG", "SET", "replica-serve-stale-data", "no"])
        #expect(await code(["GET", "a"]) == .masterDown)
    }

    @Test(arguments: ServerProgram.all)
    func `a server that reads its data says so, and is waited for`(_ program: ServerProgram) async throws {
        // Reading takes a millisecond a command, so it goes on for longer than this test may, until it is told to hurry;
        // every 1024 commands the server answers other clients.
        let server = try await PrivateServer(
            program, arguments: ["--appendonly", "yes", "--appendfsync", "always", "--key-load-delay", "1000"])
        let first = server.client()
        let last = 59_999
        for start in stride(from: 0, through: last, by: 10_000) {
            _ = try await first.pipeline((start..<start + 10_000).map { RedisCommand("SET", "key\($0)", "value") })
        }
        await server.kill()
        try await server.start(waits: false)
        let client = server.client()
        let error = await #expect(throws: RedisError.self) { try await client.send(["GET", "key1"]) }
        #expect(error?.code == .loading)
        try await client.send(["CONFIG", "SET", "key-load-delay", "0"])
        try await client.waitUntilLoaded(patience: .seconds(50))
        #expect(try await client.send(["GET", "key\(last)"]).text == "value")
    }

    @Test func `more than the client keeps is refused, and nothing of it is sent`() async throws {
        let server = try await PrivateServer()
        var options = RedisOptions.patient
        options.maxRequests = 10
        options.maxArgument = 1 << 10
        let (client, other) = (server.client(options), server.client())
        try await client.connect()
        try await other.send(["CLIENT", "PAUSE", "50000", "WRITE"])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    do throws(RedisError) { try await client.send(["INCR", "count"]) } catch {
                        return error.code == .overloaded
                    }
                    return false
                }
            }
            for _ in 0..<20 { #expect(try await group.next() == true) }
            try await other.send(["CLIENT", "UNPAUSE"])
            for try await isRefused in group { #expect(!isRefused) }
        }
        #expect(try await client.send(["GET", "count"]).integer == 10)
        let error = await #expect(throws: RedisError.self) {
            try await client.send(RedisCommand("SET", "a", [UInt8](repeating: 0, count: 1025)))
        }
        #expect(error?.code == .tooLarge)
    }

    @Test(arguments: ServerProgram.all)
    func `64 MB go and come, others' requests meanwhile, and one byte more does not`(_ program: ServerProgram)
        async throws
    {
        let server = try await PrivateServer(program)
        let client = server.client()
        let large = [UInt8](repeating: 0xA7, count: 64 << 20)
        async let small = client.send(["ECHO", "small"])
        try await client.send(RedisCommand("SET", "large", large))
        #expect(try await small.text == "small")
        // Not in an expectation, which would print it.
        let isSame = try await client.send(["GET", "large"]) == .bytes(large)
        #expect(isSame)
        let error = await #expect(throws: RedisError.self) {
            try await client.send(RedisCommand("SET", "more", large + [0]))
        }
        #expect(error?.code == .tooLarge)
        #expect(client.generation == 1)
    }

    @Test func `what is no Redis server is told so`() async throws {
        var options = RedisOptions.patient
        options.maxReply = 1 << 10
        (options.firstDelay, options.longestDelay) = (.milliseconds(1), .milliseconds(5))
        let server = try await PrivateServer()
        let client = server.client(options)
        try await client.send(RedisCommand("SET", "a", [UInt8](repeating: 1, count: 200 << 10)))
        for round in 1...30 {
            let error = await #expect(throws: RedisError.self) { try await client.send(["GET", "a"]) }
            #expect(error?.code == .unknownOutcome)
            // Asked while the connection still comes to its end: what ended it is not this request's failure.
            #expect(try await client.send(["ECHO", "on"]).text == "on")
            #expect(client.generation == round + 1)
        }
    }
}
