import FoundationEssentials
import Processes
import Redis
import RedisServers
import TestOrder
import TestTown
import Testing

/// The whole of `tt` on a town whose state is in Redis or Valkey.
@Suite(.timeLimit(.minutes(4)), .serialized, .queued) struct RedisEndToEnd {
    private static let completes = """
        cat >prompt.txt
        for task in $(sed -n 's/.*`tt task complete \\([0-9a-f-]*\\) .*/\\1/p' prompt.txt); do
            tt task complete "$task" --result "done by $TINYTOWN_AGENT_NAME"
        done
        """

    private func town(_ server: PrivateServer, _ agents: [String: String]) async throws -> TownOnDisk {
        try await TownOnDisk(agents: agents, redis: "unix://\(server.socket)")
    }

    @Test(arguments: ServerProgram.all)
    func `an agent takes its task from Redis, does it and reports`(_ program: ServerProgram) async throws {
        let server = try await PrivateServer(program)
        let town = try await town(server, ["good": Self.completes])
        try await town.tt("spawn", "worker", "--cli", "good", "--role", "backend")
        let task = try #require(try await town.json(["assign", "worker", "build it"], "task", "id"))
        try await town.event("turn_finished")
        #expect(try await town.json(["task", "show", task], "task", "state") == "completed")
        #expect(try await town.json(["task", "show", task], "task", "result") == "done by worker")
        let client = server.client()
        #expect(try await client.send(["HGET", "tt:scratch:task:\(task)", "state"]).text == "completed")
        client.close()
        try await town.close()
    }

    @Test func `what a plain program pushes starts a turn at once`() async throws {
        let server = try await PrivateServer()
        let town = try await town(server, ["reader": "cat >read.txt; echo ok"])
        try await town.tt("spawn", "worker", "--cli", "reader")
        let agent = try #require(try await town.json(["list"], "agents", "0", "id"))
        let client = server.client()
        let text =
            #"{"id":"aaaaaaaa-bbbb-4ccc-8ddd-000000000001","from":"00000000-0000-0000-0000-000000000001","to":"\#(agent)","#
            + #""type":"task","description":"pushed by hand","priority":"normal","#
            + #""created_at":"2026-03-09T20:03:14.667655Z","correlation_id":null}"#
        try await client.send(["RPUSH", "tt:scratch:inbox:\(agent)", text])
        try await town.event("turn_finished")
        #expect(try String(contentsOfFile: town.root + "/read.txt", encoding: .utf8).contains("pushed by hand"))
        client.close()
        try await town.close()
    }

    @Test func `a server that is killed during a turn and comes back loses nothing, and the turn commits`() async throws
    {
        let server = try await PrivateServer(arguments: ["--appendonly", "yes", "--appendfsync", "always"])
        // The turn ends when the test says so: its standard output is read from a named pipe.
        let town = try await town(server, ["waits": "cat >/dev/null; mkfifo gate; : >ready; cat gate"])
        try await town.tt("spawn", "worker", "--cli", "waits")
        try await town.tt("send", "worker", "hold on")
        try await town.event("turn_started")
        await server.kill()
        try await server.start()
        let answer = try await town.answer(["status", "--json"])
        #expect(answer.status.isSuccess, "\(answer.errors)")
        #expect(try await town.json(["status"], "queue", "leased") == "1")
        try await openGate(of: town)
        try await town.event("turn_finished")
        #expect(try await town.json(["status"], "queue", "leased") == "0")
        #expect(try await town.json(["status"], "queue", "dead") == "0")
        try await town.close()
    }

    @Test func `a town moves to another store and back with everything in it, and not while a host works`() async throws
    {
        let server = try await PrivateServer()
        let town = try await town(server, ["idle": "cat >/dev/null"])
        try await town.tt("spawn", "worker", "--cli", "idle")
        try await town.tt("interrupt", "worker")
        let task = try #require(try await town.json(["assign", "worker", "build it"], "task", "id"))
        try await town.tt("send", "worker", "--urgent", "mind the gap")
        try await town.tt("backlog", "add", "later", "--depends-on", task)
        let early = try await town.answer(["store", "copy", "--to", "sqlite"])
        #expect(early.status == .exited(4) && early.errors.contains("tt stop"), "\(early.errors)")
        try await town.tt("stop")

        let before = try await town.tt("task", "list", "--json") + town.tt("inbox", "worker", "--json")
        let there = try #require(try await town.json(["store", "copy", "--to", "sqlite"], "digest"))
        let again = try await town.answer(["store", "copy", "--to", "sqlite"])
        #expect(again.status == .exited(4) && again.errors.contains("--force"), "\(again.errors)")
        let configuration = town.root + "/tinytown.toml"
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        let embedded = text.split(separator: "store = \"redis\"", maxSplits: 1).joined(separator: "store = \"sqlite\"")
        try embedded.write(toFile: configuration, atomically: true, encoding: .utf8)
        try await town.tt("trust", "--yes")
        let after = try await town.tt("task", "list", "--json") + town.tt("inbox", "worker", "--json")
        #expect(after == before)
        let back = try await town.json(["store", "copy", "--to", "redis", "--force"], "digest")
        #expect(back == there)
        try await town.close()
    }

    @Test func `TT_USE_SOCKET at tt init makes a town with a server of its own on a Unix socket`() async throws {
        let town = try await TownOnDisk()
        let folder = town.root + "/other"
        let made = try await town.answer(
            ["--town", folder, "init", "--name", "other"], environment: ["TT_USE_SOCKET": "1"])
        #expect(made.status.isSuccess, "\(made.errors)")
        let text = try String(contentsOfFile: folder + "/tinytown.toml", encoding: .utf8)
        #expect(text.contains("\nstore = \"redis\"") && text.contains("\nuse_socket = true"))
        // What the file says holds from then on, whatever the environment says.
        let added = try await town.answer(["--town", folder, "backlog", "add", "build it"])
        #expect(added.status.isSuccess, "\(added.errors)")
        let client = RedisClient(RedisEndpoint(.unix(path: folder + "/.tt/redis.sock")))
        #expect(try await client.send(["LLEN", "tt:other:backlog"]).integer == 1)
        _ = try? await client.send(["SHUTDOWN", "NOSAVE"])
        client.close()
        try await town.close()
    }

    // Opening a pipe for writing waits for its reader.
    private func openGate(of town: TownOnDisk) async throws {
        try await town.appears("gate")
        try await Task.detached { try "done\n".write(toFile: town.root + "/gate", atomically: false, encoding: .utf8) }
            .value
    }
}
