import Redis
import RedisServers
import TestOrder
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ClientTests {
    @Test(arguments: ServerProgram.all)
    func `a command is answered, whatever bytes it holds`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program)
        let client = server.client()
        let every = [UInt8](0...255) + Array("\r\n$-1\r\n".utf8)
        #expect(try await client.send(RedisCommand("SET", every, every)) == .status("OK"))
        #expect(try await client.send(RedisCommand("GET", every)) == .bytes(every))
        #expect(try await client.send(["GET", "missing"]) == .null)
        #expect(try await client.send(RedisCommand("SET", "empty", [UInt8]())) == .status("OK"))
        #expect(try await client.send(["GET", "empty"]) == .bytes([]))
        #expect(try await client.checkVersion().isSupported)
    }

    @Test(arguments: ServerProgram.all)
    func `ten thousand requests of a thousand tasks share one connection, each with its own answer`(
        _ program: ServerProgram
    ) async throws {
        let server = try await PrivateServer(program)
        let client = server.client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<1000 {
                group.addTask {
                    for step in 0..<10 {
                        let word = "\(task)-\(step)"
                        let reply = try await client.send(RedisCommand("ECHO", word))
                        #expect(reply.text == word)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(client.generation == 1)
        #expect(try await client.send(["CLIENT", "LIST"]).text?.split(whereSeparator: \.isNewline).count == 1)
    }
}
