import Concurrency
import Model
import TestOrder
import TestSupport
import Testing

@testable import Harnesses

/// What the timers decide, on a clock that is moved by hand.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct RunControlTests {
    private let clock = ManualClock()
    private let ticks: AsyncStream<WatchedRun.Tick>
    private let tell: AsyncStream<WatchedRun.Tick>.Continuation

    init() { (ticks, tell) = AsyncStream.makeStream(of: WatchedRun.Tick.self) }

    private func control(_ limits: TurnLimits, isStructured: Bool = false) -> RunControl<ManualClock> {
        RunControl(limits: limits, isStructured: isStructured, clock: clock, tell: tell)
    }

    private static let none = TurnLimits(turn: .zero, stallNotice: .zero, grace: .zero, retryNotices: .zero)

    /// Moves the clock and hands what becomes due to `control`.
    private func advance(_ duration: Duration, _ control: inout RunControl<ManualClock>, sleepers: Int = 1) async
        -> [HarnessEvent]
    {
        await clock.waitForSleepers(sleepers)
        clock.advance(by: duration)
        for await tick in ticks { return control.take(tick) }
        return []
    }

    @Test func `a turn that takes too long is ended for that reason`() async {
        var limits = Self.none
        limits.turn = .seconds(60)
        var control = control(limits)
        _ = await advance(.seconds(60), &control)
        #expect(control.mustClear && control.reason == .turnLimit(.seconds(60)))
    }

    @Test func `without limits nothing is timed`() {
        let control = control(Self.none)
        #expect(clock.sleeperCount == 0 && !control.mustClear)
    }

    @Test func `silence is told once, and again only after output`() async {
        var limits = Self.none
        limits.stallNotice = .seconds(10)
        var control = control(limits)
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(6))
        _ = control.take(.output)
        // Due at the tenth second, but output came at the sixth: asks again at the sixteenth.
        #expect(await advance(.seconds(4), &control).isEmpty)
        #expect(await advance(.seconds(6), &control) == [.stalled(.seconds(10))])
        #expect(clock.sleeperCount == 0)
        _ = control.take(.output)
        #expect(await advance(.seconds(10), &control) == [.stalled(.seconds(10))])
        #expect(!control.mustClear)
    }

    @Test func `nothing but retry notices ends the turn, and they say why`() async {
        var limits = Self.none
        limits.retryNotices = .seconds(60)
        var control = control(limits)
        let failure = Failure(.network, "gone")
        for _ in 0..<9 { _ = control.take(.observed(.retrying(failure))) }
        #expect(!control.mustClear)
        _ = await advance(.seconds(60), &control)
        #expect(control.reason == .retries(failure))
    }

    @Test func `getting on takes retry notices back`() async {
        var limits = Self.none
        limits.retryNotices = .seconds(60)
        var control = control(limits)
        _ = control.take(.observed(.retrying(Failure(.network, "gone"))))
        await clock.waitForSleepers(1)
        _ = control.take(.observed(.event(.text("on we go"))))
        while clock.sleeperCount > 0 { await Task.yield() }
        #expect(!control.mustClear)
    }

    @Test func `bad credentials are not tried more than three times`() {
        var control = control(Self.none)
        let failure = Failure(.authentication, "no")
        for _ in 0..<2 { _ = control.take(.observed(.retrying(failure))) }
        #expect(!control.mustClear)
        _ = control.take(.observed(.retrying(failure)))
        #expect(control.reason == .retries(failure))
    }

    @Test func `a process that stays after its turn is ended`() async {
        var control = control(Self.none)
        _ = control.take(.observed(.ended))
        #expect(!control.mustClear)
        _ = await advance(.seconds(10), &control)
        #expect(control.mustClear && control.reason == .lingered)
    }

    @Test func `a further turn of the same process is waited for`() async {
        var control = control(Self.none)
        _ = control.take(.observed(.ended))
        await clock.waitForSleepers(1)
        _ = control.take(.observed(.working))
        while clock.sleeperCount > 0 { await Task.yield() }
        #expect(!control.mustClear)
    }

    @Test func `a slow start is told`() async {
        var control = control(Self.none, isStructured: true)
        let told = await advance(.seconds(30), &control)
        #expect(told.count == 1 && !control.mustClear)
    }

    @Test func `the first reason stays, and an end by itself has none`() {
        var control = control(Self.none)
        _ = control.take(.exited)
        _ = control.take(.cancelled)
        #expect(control.mustClear && control.reason == nil)
    }
}

/// What only single dialects know, with a process.
@Suite(.timeLimit(.minutes(1)), .serialized, .queued) struct SingleDialectTests {
    @Test func `claude continues a session that an earlier first turn left behind`() async throws {
        let bench = try HarnessBench(
            program: "claude",
            scenario: "read\nerr Error: Session ID 0f8fad5b-d9cb-469f-a165-70867728950e is already in use.\nexit 1")
        try bench.folder.write("read\n" + Speaker.claude.success, to: "work/scenario.2")
        let result = await (try bench.registry().harness(named: "claude --print")).run(bench.request())
        #expect(result.failure == nil && result.reply == "hi")
        #expect(bench.arguments.contains("--resume"))
        #expect(result.session?.id == "0f8fad5b-d9cb-469f-a165-70867728950e")
    }

    @Test func `a session is continued by its id, and one of another harness is not`() async throws {
        let bench = try HarnessBench(program: "claude", scenario: "read\n" + Speaker.claude.success)
        let harness = try bench.registry().harness(named: "claude")
        let mine = HarnessSession(id: "abc", harness: "claude")
        #expect(await harness.run(bench.request(session: mine)).session?.id == "abc")
        #expect(bench.arguments.suffix(2) == ["--resume", "abc"])
        let other = HarnessSession(id: "abc", harness: "codex")
        #expect(await harness.run(bench.request(session: other)).session?.id != "abc")
        #expect(!bench.arguments.contains("abc"))
    }

    @Test func `claude gets the settings that keep relayed text harmless, and the person may change them`() async throws
    {
        let bench = try HarnessBench(program: "claude", scenario: "read\n" + Speaker.claude.success)
        let entry = HarnessCommand(
            name: "mine", command: "claude -p", environment: ["CLAUDE_CODE_MAX_RETRIES": "7"])
        let registry = bench.registry(entry, inherited: ["MY_SECRET": "s", "ANTHROPIC_API_KEY": "k"])
        _ = await (try registry.harness(named: "mine")).run(bench.request())
        let environment = bench.childEnvironment
        #expect(environment["CLAUDE_CODE_DISABLE_FILE_MENTIONS"] == "1")
        #expect(environment["CLAUDE_CODE_DISABLE_BACKGROUND_TASKS"] == "1")
        #expect(environment["CLAUDE_CODE_MAX_RETRIES"] == "7")
        #expect(environment["ANTHROPIC_API_KEY"] == "k" && environment["MY_SECRET"] == nil)
    }

    @Test func `claude as root is told what to do`() async throws {
        let bench = try HarnessBench(
            program: "claude",
            scenario: """
                read
                err --dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons
                exit 1
                """)
        let result = await (try bench.registry().harness(named: "claude")).run(bench.request())
        #expect(result.failure?.kind == .configuration)
        #expect(result.failure?.message.contains("IS_SANDBOX") == true)
    }

    @Test func `an answer is kept when the process does not go away by itself`() async throws {
        let bench = try HarnessBench(program: "codex", scenario: "read\n\(Speaker.codex.success)\nignore-term\nhang")
        let clock = ManualClock()
        let harness = try bench.registry(clock: clock).harness(named: "codex")
        let (ended, tell) = AsyncStream.makeStream(of: Void.self)
        var request = bench.request(limits: TurnLimits(turn: .zero, stallNotice: .zero, grace: .zero))
        request.emit = { if case .text = $0 { tell.yield() } }
        let turn = Task { [request] in await harness.run(request) }
        for await _ in ended { break }
        // The linger timer is the only one left, once the start timer has gone.
        while clock.nextDeadline?.offset != .seconds(10) { await Task.yield() }
        clock.advance(by: .seconds(10))
        let result = await turn.value
        #expect(result.reply == "hi" && result.failure == nil)
        #expect(result.usage == Usage(inputTokens: 10, outputTokens: 5))
        #expect(bench.survivors.isEmpty)
    }

    @Test func `a codex thread's id is told before the turn ends`() async throws {
        let bench = try HarnessBench(
            program: "codex", scenario: "read\nout {\"type\":\"thread.started\",\"thread_id\":\"t-1\"}\nsignal 9")
        let result = await (try bench.registry().harness(named: "codex")).run(bench.request())
        #expect(bench.events.contains(.session("t-1")))
        #expect(result.session?.id == "t-1" && result.failure?.kind == .crash)
    }

    @Test func `a turn that is cancelled before it began starts nothing`() async throws {
        let bench = try HarnessBench(program: "codex", scenario: "read\n" + Speaker.codex.success)
        let harness = try bench.registry().harness(named: "codex")
        let request = bench.request()
        let turn = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await harness.run(request)
        }
        #expect(await turn.value.failure?.kind == .crash)
        #expect(bench.text(of: "pids").isEmpty)
    }

    @Test func `a name with shell characters is only a name`() async throws {
        let bench = try HarnessBench(program: "agent $(touch pwned);x", scenario: "read\nout hi")
        let entry = HarnessCommand(name: "a'; touch pwned", command: "'agent $(touch pwned);x' '$(touch pwned)'")
        let result = await (try bench.registry(entry).harness(named: entry.name)).run(bench.request())
        #expect(result.reply == "hi")
        #expect(bench.arguments == ["$(touch pwned)"])
        #expect(readFile(bench.folder.path("work/pwned")) == nil)
    }
}
