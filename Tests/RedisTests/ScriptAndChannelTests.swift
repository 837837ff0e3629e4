import Concurrency
import Redis
import RedisServers
import Synchronization
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ScriptTests {
    @Test(arguments: ServerProgram.all)
    func `a script runs by its digest, also after the server has forgotten it`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program)
        let client = server.client()
        let script = RedisScript("redis.call('incr', KEYS[1]) return {KEYS[1], ARGV[1], {1, 2}}")
        for _ in 0..<2 {
            let reply = try await client.run(script, keys: ["count"], arguments: ["x"])
            #expect(
                reply
                    == .array([
                        .bytes(Array("count".utf8)), .bytes(Array("x".utf8)), .array([.integer(1), .integer(2)]),
                    ]))
            try await client.send(["SCRIPT", "FLUSH"])
        }
        #expect(try await client.send(["GET", "count"]).integer == 2)
        #expect(try await client.send(["SCRIPT", "LOAD", script.source]).text == script.digest)
        let raising = RedisScript("return redis.error_reply('MYCODE with words')")
        let error = await #expect(throws: RedisError.self) { try await client.run(raising, keys: []) }
        #expect(error?.code == .other)
        #expect(error?.reply?.hasPrefix("MYCODE ") == true)
    }
}

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct SubscriberTests {
    /// Events as they come, to be waited for.
    private final class Heard: Sendable {
        private let stream: AsyncStream<RedisSubscriber.Event>
        private let continuation: AsyncStream<RedisSubscriber.Event>.Continuation
        init() { (stream, continuation) = AsyncStream.makeStream() }
        func add(_ event: RedisSubscriber.Event) { continuation.yield(event) }
        func next(_ matches: (RedisSubscriber.Event) -> Bool) async -> RedisSubscriber.Event? {
            for await event in stream where matches(event) { return event }
            return nil
        }
    }

    @Test(arguments: ServerProgram.all)
    func `messages arrive, and after an interruption it is said that some may be missing`(_ program: ServerProgram)
        async throws
    {
        let server = try await PrivateServer(program)
        let heard = Heard()
        let subscriber = RedisSubscriber(server.endpoint, channels: ["one", "two"]) { $0.forEach(heard.add) }
        defer { subscriber.close() }
        let client = server.client()
        let payload: [UInt8] = [0, 255, 13, 10]
        #expect(await heard.next { _ in true } == .listening)
        #expect(try await client.send(RedisCommand("PUBLISH", "one", payload)) == .integer(1))
        #expect(await heard.next { _ in true } == .message(channel: "one", payload: payload))
        #expect(try await client.send(RedisCommand("PUBLISH", "two", "x")) == .integer(1))
        #expect(await heard.next { _ in true } == .message(channel: "two", payload: [120]))
        await server.kill()
        #expect(await heard.next { if case .lost = $0 { true } else { false } } != nil)
        try await server.start()
        #expect(await heard.next { $0 == .listening } != nil)
        #expect(try await client.send(RedisCommand("PUBLISH", "two", "y").repeatable) == .integer(1))
        #expect(await heard.next { $0 == .message(channel: "two", payload: [121]) } != nil)
    }

    @Test(arguments: ServerProgram.all)
    func `what a transaction says on several channels is heard at once`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program)
        let (batches, next) = AsyncStream.makeStream(of: [RedisSubscriber.Event].self)
        let subscriber = RedisSubscriber(server.endpoint, channels: ["one", "two"]) { next.yield($0) }
        defer { subscriber.close() }
        var heard = batches.makeAsyncIterator()
        #expect(await heard.next() == [.listening])
        _ = try await server.client().pipeline([
            ["MULTI"], ["PUBLISH", "one", "x"], ["PUBLISH", "two", "y"], ["EXEC"],
        ])
        #expect(
            await heard.next() == [
                .message(channel: "one", payload: [120]), .message(channel: "two", payload: [121]),
            ])
    }
}
