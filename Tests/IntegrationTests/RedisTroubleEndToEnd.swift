import FoundationEssentials
import Processes
import Redis
import RedisServers
import TestOrder
import TestSupport
import TestTown
import Testing

/// What people see of the server: where it is, when it goes, and what it refuses.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct RedisTroubleEndToEnd {
    private static let mostUsed = [
        ["status"], ["list"], ["send", "worker", "hello"], ["inbox", "worker"], ["assign", "worker", "build it"],
        ["task", "list"], ["events"], ["backlog", "list"], ["spawn", "other", "--cli", "idle"], ["stop"],
    ]

    @Test func `a server that went away for good gives each command a clear error in time`() async throws {
        let server = try await PrivateServer()
        let town = try await TownOnDisk(agents: ["idle": "cat >/dev/null"], redis: "unix://\(server.socket)")
        try await town.tt("spawn", "worker", "--cli", "idle")
        try await town.tt("stop")
        await server.kill()
        for words in Self.mostUsed {
            let begun = ContinuousClock.now
            let answer = try await town.answer(words)
            #expect(answer.status == .exited(5), "tt \(words.joined(separator: " ")): \(answer.status)")
            #expect(answer.errors.hasPrefix("error: no server answers at unix://"), "\(words): \(answer.errors)")
            #expect(begun.duration(to: .now) < .seconds(30))
        }
        #expect(await town.processes.isEmpty)
    }

    @Test func `what a server refuses is told in one sentence, with what to do`() async throws {
        let server = try await PrivateServer()
        let town = try await TownOnDisk(agents: ["idle": "cat >/dev/null"], redis: "unix://\(server.socket)")
        let client = server.client()
        try await town.tt("status")
        func refusal(_ text: String, _ words: String...) async throws {
            let answer = try await town.answer(words)
            #expect(answer.status == .exited(5), "\(words): \(answer.errors)")
            #expect(answer.errors.hasPrefix("error: ") && answer.errors.contains(text), "\(words): \(answer.errors)")
        }
        try await client.send(["CONFIG", "SET", "maxmemory", "1"])
        try await refusal("maxmemory is reached; raise it", "spawn", "worker", "--cli", "idle")
        try await client.send(["CONFIG", "SET", "maxmemory", "0"])
        try await client.send(["REPLICAOF", "127.0.0.1", "1"])
        try await refusal("is a read-only replica; use the address of its master", "spawn", "worker", "--cli", "idle")
        try await client.send(["REPLICAOF", "NO", "ONE"])
        try await client.send(["CONFIG", "SET", "requirepass", "secret"])
        try await refusal("set TINYTOWN_REDIS_PASSWORD", "status")
        try await town.answer(["status"], environment: ["TINYTOWN_REDIS_PASSWORD": "secret"]).expectSuccess()
        let wrong = try await town.answer(["status"], environment: ["TINYTOWN_REDIS_PASSWORD": "hunter2"])
        #expect(wrong.status == .exited(5) && wrong.errors.contains("does not take this"), "\(wrong.errors)")
        #expect(!wrong.errors.contains("hunter2"))
        client.close()
    }

    @Test func `a server that is too old is refused before anything is written there`() async throws {
        let server = try await PrivateServer(.tooOld)
        let town = try await TownOnDisk(agents: ["idle": "cat >/dev/null"], redis: "unix://\(server.socket)")
        for words in [["spawn", "worker", "--cli", "idle"], ["status"], ["doctor"]] {
            let answer = try await town.answer(words)
            let said = answer.errors + answer.output
            #expect(!answer.status.isSuccess, "\(words)")
            let reason = "is Redis 6.2.14, which is too old: Redis 7.0 or Valkey 7.2 is needed"
            #expect(said.contains(reason), "\(words): \(said)")
        }
        let client = server.client()
        #expect(try await client.send(["DBSIZE"]).integer == 0)
        client.close()
    }

    @Test func `hosts and turns reach the server that only the environment names`() async throws {
        let server = try await PrivateServer(arguments: ["--requirepass", "secret"])
        let access = ["REDIS_URL": "unix://\(server.socket)", "TINYTOWN_REDIS_PASSWORD": "secret"]
        let town = try await TownOnDisk(
            agents: [
                "good": """
                cat >prompt.txt
                for task in $(sed -n 's/.*`tt task complete \\([0-9a-f-]*\\) .*/\\1/p' prompt.txt); do
                    tt task complete "$task" --result done
                done
                """
            ], redis: "redis://\(String(repeating: "x", count: 70)).example", environment: access)
        try await town.tt("spawn", "worker", "--cli", "good")
        let task = try #require(try await town.json(["assign", "worker", "build it"], "task", "id"))
        try await town.event("turn_finished")
        #expect(try await town.json(["task", "show", task], "task", "state") == "completed")
        try await town.close()
    }

    @Test func `what an agent reports while the town's own server is dead starts it again`() async throws {
        let town = try await TownOnDisk(
            agents: [
                "good": """
                cat >prompt.txt
                kill -9 "$(cut -d: -f1 .tt/redis/process)"
                for task in $(sed -n 's/.*`tt task complete \\([0-9a-f-]*\\) .*/\\1/p' prompt.txt); do
                    tt task complete "$task" --result done
                done
                """
            ], settings: "\n[redis]\nfsync = \"always\"\n", ownServer: .any)
        try await town.tt("spawn", "worker", "--cli", "good")
        let task = try #require(try await town.json(["assign", "worker", "build it"], "task", "id"))
        try await town.event("turn_finished")
        #expect(try await town.json(["task", "show", task], "task", "state") == "completed")
        try await town.close()
    }

    @Test func `a town's own server starts with the first command and ends when it is asked to, or with its town`()
        async throws
    {
        let town = try await TownOnDisk(agents: ["idle": "cat >/dev/null"], ownServer: .any)
        try await town.tt("spawn", "worker", "--cli", "idle")
        try await town.tt("send", "worker", "--info", "kept")
        let first = try #require(town.server)
        #expect(first.isAlive)
        let early = try await town.answer(["stop", "--server", "--no-wait"])
        #expect(early.status == .exited(2) && first.isAlive, "\(early.errors)")
        try await town.tt("stop", "--server")
        #expect(!first.isAlive)
        #expect(try await town.answer(["stop", "--server", "--json"]).output.contains("\"server\":\"not_running\""))
        #expect(try await town.json(["inbox", "worker"], "messages", "0", "id") != nil, "a new one has everything")
        let second = try #require(town.server)
        try await town.tt("reset", "--force")
        #expect(!second.isAlive)
        try await town.tt("spawn", "worker", "--cli", "idle")
        let third = try #require(town.server)
        try ScratchFolder.removeTree(town.root)
        try await third.waitForExit()
        try await town.allEnd()
    }

    @Test func `a server that was left behind by a copy to another store is ended by name`() async throws {
        let town = try await TownOnDisk(agents: ["idle": "cat >/dev/null"], ownServer: .any)
        try await town.tt("spawn", "worker", "--cli", "idle")
        try await town.tt("stop")
        try await town.tt("store", "copy", "--to", "sqlite")
        let server = try #require(town.server)
        #expect(server.isAlive)
        let configuration = town.root + "/tinytown.toml"
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        try text.split(separator: "store = \"redis\"", maxSplits: 1).joined(separator: "store = \"sqlite\"")
            .write(toFile: configuration, atomically: true, encoding: .utf8)
        try await town.tt("trust", "--yes")
        try await town.tt("list")
        #expect(server.isAlive, "what no command was asked to end goes on")
        try await town.tt("stop", "--server")
        #expect(!server.isAlive)
        try await town.close()
    }

    @Test func `the server that a person runs is never ended`() async throws {
        let server = try await PrivateServer()
        let town = try await TownOnDisk(redis: "unix://\(server.socket)")
        let answer = try await town.answer(["stop", "--server"])
        #expect(answer.status == .exited(4) && answer.errors.contains("is not one that tt starts"), "\(answer.errors)")
        try await town.tt("reset", "--force")
        #expect(try await server.client().send(["PING"]).text == "PONG")
        let embedded = try await TownOnDisk()
        let none = try await embedded.answer(["stop", "--server"])
        #expect(none.status == .exited(4) && none.errors.contains("has no server"), "\(none.errors)")
    }
}

extension TownOnDisk.Answer {
    fileprivate func expectSuccess() { #expect(status.isSuccess, "\(errors)") }
}
