import Concurrency
import Processes
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

@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct ProcessTreeTests {
    /// Starts `script`, which prints `count` process numbers, one a line, once everything is as the test wants it.
    private func start(
        _ script: String, expecting count: Int, extra: [String: String] = [:]
    ) async throws -> (child: ChildProcess, others: [ProcessIdentity]) {
        let child = try await ChildProcess.spawn(shell(script, extra: extra))
        var lines = Lines(try #require(child.output))
        var others: [ProcessIdentity] = []
        for _ in 0..<count { others.append(try #require(await lines.nextProcess())) }
        return (child, others)
    }

    @Test func `a process that heeds SIGTERM is not forced`() async throws {
        let (child, _) = try await start(
            "trap 'exit 3' TERM; sleep 600 & echo $$; wait", expecting: 1)
        let report = await ProcessTree.terminate(child.identity, grace: .seconds(20))
        #expect(report.rootEndedInGrace)
        #expect(await child.exit == .exited(3))
        #expect(report.survivors == [])
        #expect(report.killed.count == 1)  // its sleep
    }

    @Test func `one that ignores SIGTERM is killed when its grace is over`() async throws {
        let (child, _) = try await start("trap '' TERM; echo $$; sleep 600; sleep 600", expecting: 1)
        let clock = ManualClock()
        async let ending = ProcessTree.terminate(child.identity, grace: .seconds(5), clock: clock)
        await clock.waitForSleepers(1)
        #expect(child.exitStatus == nil)
        clock.advance(by: .seconds(5))
        let report = await ending
        #expect(!report.rootEndedInGrace)
        #expect(report.killed.first == child.identity)
        #expect(report.survivors == [])
        #expect(await child.exit == .signalled(.kill))
    }

    @Test func `a grandchild in a session of its own ends with the tree`() async throws {
        let script = """
            setsid sh -c 'echo $$; exec sleep 600' &
            wait
            """
        let (child, others) = try await start(script, expecting: 1)
        #expect(getsid(others[0].pid) == others[0].pid)
        #expect(await ProcessTree.descendants(of: child.identity).contains(others[0]))
        let report = await ProcessTree.terminate(child.identity, grace: .zero)
        #expect(report.killed.contains(others[0]))
        #expect(!others[0].isAlive)
        #expect(await child.exit == .signalled(.kill))
    }

    @Test func `an orphan that kept the session of a dead root is found`() async throws {
        let (child, others) = try await start("sleep 600 & echo $!; exit 0", expecting: 1)
        #expect(await child.exit == .exited(0))
        #expect(others[0].isAlive)
        #expect(await ProcessTree.descendants(of: child.identity) == others)
        let report = await ProcessTree.terminate(child.identity, grace: .seconds(20))
        #expect(report == TerminationReport(rootEndedInGrace: true, killed: others, survivors: []))
        #expect(!others[0].isAlive)
    }

    @Test func `one that daemonised itself is found by the mark in its environment`() async throws {
        let mark = "TT_TEST_MARK=\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let parts = mark.split(separator: "=").map(String.init)
        // Two forks and a session: no parent, no session and no group leads to it.
        let script = "(setsid sh -c 'echo $$; exec sleep 600' &) ; exit 0"
        let (child, others) = try await start(script, expecting: 1, extra: [parts[0]: parts[1]])
        #expect(await child.exit == .exited(0))
        #expect(await ProcessTree.descendants(of: child.identity) == [])
        #expect(await ProcessTree.processes(withEnvironment: mark) == others)
        #expect(await ProcessTree.processes(withEnvironment: mark + "0") == [])
        let report = await ProcessTree.terminate(child.identity, marker: mark, grace: .zero)
        #expect(report.killed == others)
        #expect(!others[0].isAlive)
        #expect(await ProcessTree.terminate(marker: mark).killed == [])
    }

    @Test func `descendants come deepest first, and an identity with another start time has none`() async throws {
        let script = "sh -c 'sh -c \"echo \\$\\$; sleep 600; :\"; :' & echo $!; wait"
        let child = try await ChildProcess.spawn(shell(script))
        var lines = Lines(try #require(child.output))
        let first = try #require(await lines.nextProcess())
        let second = try #require(await lines.nextProcess())
        let found = await ProcessTree.descendants(of: child.identity)
        let places = try [first, second].map { try #require(found.firstIndex(of: $0)) }
        // The outer shell was started before the inner one.
        let (outer, inner) = first.pid == min(first.pid, second.pid) ? (places[0], places[1]) : (places[1], places[0])
        #expect(inner < outer)
        let impostor = ProcessIdentity(pid: child.pid, startTime: child.identity.startTime + 1)
        #expect(await ProcessTree.descendants(of: impostor) == [])
        #expect(!impostor.isAlive)
        #expect(!impostor.send(.kill))
        #expect(child.identity.isAlive)
        _ = await ProcessTree.terminate(child.identity, grace: .zero)
        #expect(await child.exit == .signalled(.kill))
    }

    @Test func `cancelling the caller does not stop the ending`() async throws {
        let (child, _) = try await start("trap '' TERM; echo $$; sleep 600; sleep 600", expecting: 1)
        let clock = ManualClock()
        let ending = Task { await ProcessTree.terminate(child.identity, grace: .seconds(5), clock: clock) }
        await clock.waitForSleepers(1)
        ending.cancel()
        clock.advance(by: .seconds(5))
        #expect(await ending.value.killed.contains(child.identity))
        #expect(await child.exit == .signalled(.kill))
    }

    @Test func `an identity survives being written down`() throws {
        let own = ProcessIdentity.current
        #expect(own.isAlive)
        #expect(ProcessIdentity("\(own)") == own)
        #expect(ProcessIdentity(pid: getpid()) == own)
        for text in ["", "1", "1:", ":1", "-1:5", "1:2:3", "a:b"] { #expect(ProcessIdentity(text) == nil) }
    }
}
