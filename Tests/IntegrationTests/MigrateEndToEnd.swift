import Concurrency
import FoundationEssentials
import Processes
import Redis
import RedisServers
import TestOrder
import TestTown
import Testing

/// `tt migrate` as people run it.
@Suite(.timeLimit(.minutes(5)), .serialized, .queued) struct MigrateEndToEnd {
    private static func id(_ number: Int) -> String {
        "aaaaaaaa-bbbb-4ccc-8ddd-" + String(String(1_000_000_000_000 + number).suffix(12))
    }

    /// Agents, each with a message, tasks, and a backlog of them, under keys from before towns had names in them.
    private func put(_ client: RedisClient, _ count: Int) async throws {
        for first in stride(from: 0, to: count, by: 100) {
            var commands: [RedisCommand] = []
            for number in first..<min(first + 100, count) {
                let id = Self.id(number)
                commands += [
                    [
                        "HSET", "tt:agent:\(id)", "id", id, "name", "agent-\(number)", "state", "stopped", "cli", "x",
                        "created_at", "2026-01-20T18:22:15+00:00",
                    ],
                    [
                        "SET", "tt:task:\(id)",
                        #"{"id":"\#(id)","description":"task \#(number)","state":"pending","tags":["a"],"#
                            + #""created_at":"2026-01-20T18:22:15Z","updated_at":"2026-01-20T18:22:15Z"}"#,
                    ],
                    ["RPUSH", "tt:backlog", id],
                    [
                        "RPUSH", "tt:inbox:\(id)",
                        #"{"id":"\#(id)","from":"00000000-0000-0000-0000-000000000001","to":"\#(id)","type":"task","#
                            + #""description":"\#(number)","priority":"normal","#
                            + #""created_at":"2026-03-09T20:03:14.667655Z","correlation_id":null}"#,
                    ],
                ]
            }
            _ = try await client.pipeline(commands)
        }
    }

    @Test(arguments: ServerProgram.all)
    func `W59: a migration that is killed again and again loses nothing and ends with everything in its place`(
        _ program: ServerProgram
    ) async throws {
        let server = try await PrivateServer(program)
        let town = try await TownOnDisk(redis: "unix://\(server.socket)")
        let (client, count) = (server.client(), 400)
        try await put(client, count)
        var kills = 0
        while true {
            let running = try await town.start("migrate", "--force")
            let patience = Duration.milliseconds(60 + 25 * min(kills, 8))
            let end = Task {
                try await Task.sleep(for: patience)
                _ = running.signal(.kill)
            }
            let status = await running.exit
            end.cancel()
            running.finishOutput()
            if status.isSuccess { break }
            kills += 1
            // A machine that is busy with other things may never come that far in so short a time.
            if kills == 12 {
                try await town.tt("migrate", "--force")
                break
            }
        }
        #expect(try await client.send(["EXISTS", "tt:backlog"]).integer == 0)
        for number in 0..<count {
            let id = Self.id(number)
            let replies = try await client.pipeline([
                ["HGET", "tt:scratch:agent:\(id)", "name"], ["HGET", "tt:scratch:task:\(id)", "tags"],
                ["LLEN", "tt:scratch:inbox:\(id)"], ["EXISTS", "tt:agent:\(id)", "tt:task:\(id)", "tt:inbox:\(id)"],
            ])
            #expect(replies.map(\.text) == ["agent-\(number)", #"["a"]"#, "1", "0"])
        }
        let backlog = try await client.send(["LRANGE", "tt:scratch:backlog", "0", "-1"]).array?.map(\.text)
        #expect(backlog == (0..<count).map { Self.id($0) })
        #expect(try await town.json(["status"], "tasks", "backlog") == String(count))
        #expect(try await town.json(["status"], "queue", "waiting") == String(count))
        #expect(try await town.tt("migrate", "--force").contains("No migration needed"))
        client.close()
        try await town.close()
    }

    @Test func `it asks, and does nothing before the answer; a preview says what would be done`() async throws {
        let server = try await PrivateServer()
        let town = try await TownOnDisk(redis: "unix://\(server.socket)")
        let client = server.client()
        try await put(client, 1)
        let preview = try await town.tt("migrate", "--dry-run")
        for kind in ["agent", "task", "inbox"] {
            let id = Self.id(0)
            #expect(preview.contains("   tt:\(kind):\(id) → tt:scratch:\(kind):\(id)\n"))
        }
        #expect(preview.contains("   Total: 4 keys would be migrated"))
        for input in [nil, "n\n", "\n", "yo\n"] {
            let refused = try await town.answer(["migrate"], input: input)
            #expect(refused.status == .exited(1) && refused.errors.contains("Continue? [y/N]"), "\(refused)")
            #expect(refused.output.isEmpty)
        }
        #expect(try await client.send(["DBSIZE"]).integer == 4, "nothing was written")
        let done = try await town.answer(["migrate", "--json"], input: "y\n")
        #expect(done.status.isSuccess, "\(done.errors)")
        #expect(try JSONValue(done.output).at(["moved"])?.text == "4")
        #expect(try JSONValue(done.output).at(["left"])?.at(["0"]) == nil)
        #expect(try await town.tt("list").contains("agent-0"))
        client.close()
        try await town.close()
    }

    @Test func `W59: where other towns use the server, old keys are taken only by whoever says that they are its own`()
        async throws
    {
        let server = try await PrivateServer()
        let town = try await TownOnDisk(redis: "unix://\(server.socket)")
        let client = server.client()
        try await put(client, 1)
        try await client.send(["HSET", "tt:other:agent:\(Self.id(7))", "id", Self.id(7), "name", "theirs"])
        #expect(try await town.tt("migrate", "--dry-run").contains("other towns use the server: other"))
        let refused = try await town.answer(["migrate", "--force"])
        #expect(refused.status == .exited(4) && refused.errors.contains("--take-all"), "\(refused.errors)")
        #expect(try await client.send(["EXISTS", "tt:agent:\(Self.id(0))"]).integer == 1)
        try await client.send(["SET", "tt:activity:\(Self.id(0))", "a text"])
        let done = try await town.answer(["migrate", "--force", "--take-all"])
        #expect(done.status == .exited(1) && done.errors.contains("1 old key could not be migrated"), "\(done.errors)")
        #expect(done.output.contains("✅ Migrated 4 keys"))
        #expect(done.output.contains("tt:activity:\(Self.id(0)) stays: it is a string and not a list"))
        #expect(try await client.send(["HGETALL", "tt:other:agent:\(Self.id(7))"]).fields?.count == 2)
        client.close()
        try await town.close()
    }

    @Test func `a town in the embedded store has nothing to migrate`() async throws {
        let town = try await TownOnDisk()
        #expect(try await town.tt("migrate").contains("No migration needed"))
        #expect(try await town.json(["migrate", "--hash", "--force"], "moved") == "0")
        try await town.close()
    }
}
