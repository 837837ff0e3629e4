import Model
import Redis
import RedisServers
import RedisStore
import StoreSupport
import TestOrder
import Testing

/// What the verbs of a turn ask of the server, counted by the server itself. Time is not measured here: scripts/bench
/// does that.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct RedisCosts {
    /// Which commands a piece of work made the server carry out, and how often; those inside functions included.
    private func commands(_ client: RedisClient, _ body: () async throws -> Void) async throws -> [String: Int] {
        try await client.send(["CONFIG", "RESETSTAT"])
        try await body()
        var counts: [String: Int] = [:]
        let stats = try await client.send(["INFO", "commandstats"]).text ?? ""
        for line in stats.split(whereSeparator: \.isNewline) where line.hasPrefix("cmdstat_") {
            let parts = line.dropFirst("cmdstat_".count).split(separator: ":")
            guard parts.count == 2, !parts[0].hasPrefix("config") else { continue }
            counts[String(parts[0])] = Int(parts[1].dropFirst("calls=".count).prefix { $0.isNumber })
        }
        return counts
    }

    @Test(arguments: ServerProgram.all)
    func `a verb of a turn is one call that makes few commands, none of which reads all keys or a whole collection`(
        _ program: ServerProgram
    ) async throws {
        let server = try await PrivateServer(program)
        let client = server.client()
        let town = Town(store: try await RedisStore.open(server.client(), town: "t", time: StillTime()))
        let ada = try await town.spawn("ada")
        // The first round brings the library, and is not counted.
        try await town.send(ada)
        try await town.turn(ada)
        for _ in 0..<50 { try await town.send(ada) }

        // The usual case goes a short way.
        let ben = try await town.spawn("ben")
        try await town.send(ben)
        try await town.turn(ben)
        var usual: Lease?
        let sent = try await commands(client) { try await town.send(ben) }
        let leased = try await commands(client) { usual = try await town.lease(ben) }
        let turnOfBen = try #require(usual)
        let committed = try await commands(client) { _ = try await town.store.commit(town.finished(turnOfBen)) }
        for (counts, limit) in [(sent, 9), (leased, 12), (committed, 11)] {
            #expect(counts["fcall"] == 1 && counts.values.reduce(0, +) <= limit, "\(counts)")
        }

        let send = try await commands(client) { try await town.send(ada) }
        var lease: Lease?
        let leasing = try await commands(client) { lease = try await town.lease(ada, max: 1) }
        let turn = try #require(lease)
        let commit = try await commands(client) { _ = try await town.store.commit(town.finished(turn)) }
        let idle = try await town.spawn("idle")
        let nothing = try await commands(client) {
            let lease = try await town.lease(idle)
            #expect(lease == nil)
        }
        // One of each asks what happens to the town as a whole.
        for (counts, limit) in [(send, 14), (leasing, 17), (commit, 14), (nothing, 9)] {
            #expect(counts["fcall"] == 1, "one call: \(counts)")
            #expect(counts.values.reduce(0, +) <= limit, "\(counts)")
            let unbounded = ["keys", "scan", "smembers", "sort", "zscan", "hscan", "hkeys", "hvals"]
            #expect(unbounded.allSatisfy { counts[$0] == nil }, "\(counts)")
        }
        await town.store.close()
        client.close()
    }

    @Test(arguments: ServerProgram.all)
    func `what a turn leaves behind is what its message needs`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program)
        let client = server.client()
        let town = Town(store: try await RedisStore.open(server.client(), town: "t", time: StillTime()))
        let ada = try await town.spawn("ada")
        try await town.send(ada)
        try await town.turn(ada)
        let before = try await client.send(["DBSIZE"]).integer ?? 0
        let message = try await town.send(ada)
        let record = try #require(try await client.send(["GET", "tt:t:message:\(message)"]).text)
        #expect(record.utf8.count < 300 && !record.contains("attempts"), "only what it needs is there: \(record)")
        try await town.turn(ada)
        // Its record and its text, by which it is known until it is tidied away.
        let after = try await client.send(["DBSIZE"]).integer
        #expect(after == before + 2)
        await town.store.close()
        client.close()
    }
}
