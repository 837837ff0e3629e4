import Commands
import Model
import Testing

/// What people see of a town that several machines serve.
@Suite(.timeLimit(.minutes(1))) struct MachinesTests {
    private let now = StillTime().now()

    private func announce(_ bench: Bench, _ number: UInt64, _ machine: String, expires: Duration) async throws -> HostID
    {
        let host = Host(
            id: HostID(high: number, low: number), machine: "\(machine)/boot/1", process: "47\(number):99",
            startedAt: now - .seconds(120), expiresAt: now + expires, isForeground: false)
        try await bench.store.announce(host, now: now)
        return host.id
    }

    private func town() async throws -> Bench {
        let bench = try Bench()
        try await bench.spawn("worker")
        try await bench.spawn("other")
        _ = await bench.tt("assign", "worker", "Build it")
        let anna = try await announce(bench, 1, "anna", expires: .seconds(40))
        _ = try await announce(bench, 2, "bert\u{1B}[2J", expires: .seconds(-15))
        let worker = try #require(try await bench.store.agents().first { $0.name == "worker" })
        let request = LeaseRequest(agent: worker.id, host: anna, turn: TurnID(high: 1, low: 9), now: now)
        _ = try #require(try await bench.store.lease(request))
        return bench
    }

    @Test func `the status names machines, what each runs, which is gone, and where each agent works`() async throws {
        let output = try await town().tt("status").output
        #expect(output.contains("🖥️  Hosts: 1\n   anna: pid 471, for 2 min 0 s, 1 turn\n"), "\(output)")
        #expect(output.contains("pid 472, for 2 min 0 s, not heard of: its time ran out 15 s ago"), "\(output)")
        #expect(output.contains("Working   Build it (") && output.contains(" on anna)"), "\(output)")
        #expect(!output.contains("\u{1B}"))
    }

    @Test func `the list says where agents work, and only then`() async throws {
        let bench = try await town()
        let rows = await bench.tt("list").output.split(separator: "\n")
        #expect(rows[0].contains("WORKS ON"))
        #expect(rows[1].contains("anna") && !rows[2].contains("anna"))
        let alone = try Bench()
        try await alone.spawn("worker")
        #expect(await !alone.tt("list").output.contains("WORKS ON"))
    }

    @Test func `a log that is on another machine is said to be there`() async throws {
        let bench = try await town()
        let busy = await bench.tt("logs", "worker")
        #expect(busy.exit == .notFound)
        #expect(busy.error.contains("Its present turn runs on anna, where its log is; run there: tt logs worker"))
        let idle = await bench.tt("logs", "other")
        #expect(idle.error.contains("Turns that ran on anna, bert"), "\(idle.error)")
    }
}
