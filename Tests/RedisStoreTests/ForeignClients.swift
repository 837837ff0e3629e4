import Model
import Processes
import RedisServers
import StoreSupport
import TestOrder
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Real programs of others share a town: redis-cli, and one that is written with redis-py.
@Suite(.timeLimit(.minutes(2)), .serialized, .queued) struct ForeignClients {
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    private static let library = root + "/.build/servers/redis-py.whl"
    private static let cli = "/usr/bin/redis-cli"

    /// In CI what is missing fails.
    private static func has(_ path: String) -> Bool { access(path, R_OK) == 0 || isCI }

    private func run(_ program: String, _ arguments: [String], _ environment: [String: String] = [:]) async throws {
        let all = ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { $1 }
        let done = try await ChildProcess.run(
            Launch(program, arguments, environment: all, directory: "/", input: .none))
        #expect(done.exit.isSuccess, "\(done.outputText) \(done.errorText)")
    }

    @Test(.enabled(if: ForeignClients.has(library)), arguments: ServerProgram.all)
    func `a program written with redis-py reads what is there and puts work into the town`(_ program: ServerProgram)
        async throws
    {
        try await ForeignTown.run(program) { place in
            let (town, ada) = (place.town, try await place.town.spawn("ada"))
            try await town.send(ada, "ours")
            let server = try await Servers.shared.server(program)
            try await run(
                "/usr/bin/env",
                [
                    "python3", Self.root + "/Tests/Servers/plain_client.py", server.socket, place.prefix,
                    ada.description,
                ],
                ["PYTHONPATH": Self.library, "PYTHONDONTWRITEBYTECODE": "1"])
            #expect(try await town.store.pulse().map(\.hasWork) == [true])
            let lease = try #require(try await town.lease(ada))
            #expect(
                lease.deliveries.map(\.message.body) == [
                    .query(question: "now?"), .task(description: "ours"), .task(description: "pushed: ä / \"x\""),
                    .taskAssign(TaskID("99999999-8888-4777-8666-555555555555")!),
                ])
            #expect(lease.tasks.map(\.tags) == [["auth"]])
            _ = try await town.store.commit(town.finished(lease))
            #expect(
                try await town.store.deadLetters(page: Page()).map(\.lastError) == ["its type 'teleport' is unknown"])
            let agent = try await place.fields("agent:\(ada)")
            #expect(agent["rounds_completed"] == "1" && agent["state"] == "idle")
        }
    }

    @Test(.enabled(if: ForeignClients.has(cli)), arguments: ServerProgram.all)
    func `redis-cli puts messages into both lanes and stops an agent`(_ program: ServerProgram) async throws {
        try await ForeignTown.run(program) { place in
            let (town, ada) = (place.town, try await place.town.spawn("ada"))
            let server = try await Servers.shared.server(program)
            func cli(_ words: String...) async throws { try await run(Self.cli, ["-s", server.socket] + words) }
            func message(_ number: Int) -> String {
                #"{"id":"aaaaaaaa-bbbb-4ccc-8ddd-00000000000\#(number)","from":"\#(AgentID.supervisor)","to":"\#(ada)","#
                    + #""type":"task","description":"\#(number)","priority":"normal","#
                    + #""created_at":"2026-03-09T20:03:14Z","correlation_id":null}"#
            }
            try await cli("RPUSH", place.prefix + "inbox:\(ada)", message(1), message(2))
            try await cli("LPUSH", place.prefix + "urgent:\(ada)", message(3))
            try await cli("LPUSH", place.prefix + "inbox:\(ada)", message(4))
            let lease = try #require(try await town.lease(ada))
            #expect(lease.deliveries.map(\.message.body.text) == ["3", "4", "1", "2"])
            try await cli("SETEX", place.prefix + "stop:\(ada)", "3600", "1")
            _ = try await town.store.pulse()
            _ = try await town.store.commit(town.finished(lease))
            #expect(try await town.agent(ada).state == .stopped)
        }
    }
}
