import Commands
import Configuration
import MemoryStore
import Model
import Operations
import Synchronization
import Terminal
import TestSupport

/// A terminal that remembers what was written.
final class RecordingConsole: Console {
    private struct Texts: Sendable {
        var output = ""
        var error = ""
    }

    private let texts = Mutex(Texts())
    private let input: String?
    private let width: Int?
    private let heard: AsyncStream<Void>.Continuation
    /// Yields after each write, so that a test waits for output instead of for time.
    let writes: AsyncStream<Void>
    /// After so many writes nobody reads any more.
    private let readerLeavesAfter: Int

    /// Nobody reads any more when this was written.
    private let lastWords: String?

    init(input: String? = nil, width: Int? = nil, readerLeavesAfter: Int = .max, lastWords: String? = nil) {
        self.lastWords = lastWords
        self.input = input
        self.width = width
        self.readerLeavesAfter = readerLeavesAfter
        (writes, heard) = AsyncStream.makeStream(of: Void.self)
        count = Mutex(0)
    }

    private let count: Mutex<Int>

    func write(_ text: String) -> Bool {
        texts.withLock { $0.output += text }
        heard.yield()
        if let lastWords, output.contains(lastWords) { return false }
        return count.withLock { count in
            count += 1
            return count < readerLeavesAfter
        }
    }

    func writeError(_ text: String) { texts.withLock { $0.error += text } }

    var capabilities: TerminalCapabilities { TerminalCapabilities(width: width, hasColour: false) }
    var isInputTerminal: Bool { input == nil }
    func readInput(limit: Int) async -> String { input ?? "" }

    var output: String { texts.withLock { $0.output } }
    var error: String { texts.withLock { $0.error } }
}

/// A clock that stands still.
struct StillTime: TimeSource {
    func now() -> Timestamp { Timestamp("2026-03-09T20:03:14Z")! }
    func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
}

/// A store that outlives the commands that close it.
final class Bench: Sendable {
    let store: any Store = MemoryStore()
    let folder: ScratchFolder
    let random = SeededRandomness(seed: 7)
    private let started = Mutex(0)

    init() throws {
        folder = try ScratchFolder()
        _ = try folder.write("name = \"demo\"\ndefault_cli = \"claude\"\n", to: "tinytown.toml")
    }

    var hostRequests: Int { started.withLock { $0 } }

    var town: OpenTown {
        var configuration = TownConfiguration(name: "demo")
        configuration.defaultCLI = "claude"
        return OpenTown(
            root: folder.path, configuration: configuration, store: store, time: StillTime(), random: random,
            janitor: UnknownHosts())
    }

    func parts(_ console: RecordingConsole, _ environment: [String: String] = [:]) -> CommandParts {
        let kept = InterceptedStore(store, AsItIs(), owns: false)
        return CommandParts(
            console: console, environment: environment, folder: folder.path, time: StillTime(), random: random,
            janitor: UnknownHosts(), openStore: { _, _, _ in kept },
            ensureHost: { [self] _ in started.withLock { $0 += 1 } })
    }

    struct Result {
        var exit: ExitCode
        var output: String
        var error: String
    }

    /// Runs one command line.
    func tt(
        _ arguments: String..., input: String? = nil, width: Int? = nil, environment: [String: String] = [:]
    ) async -> Result {
        let console = RecordingConsole(input: input, width: width)
        let exit = await CommandLineFace(commands: CommandTable.all, version: "9.9.9")
            .run(arguments, parts: parts(console, environment))
        return Result(exit: exit, output: console.output, error: console.error)
    }

    /// Leases what waits for an agent.
    /// - Returns: the file with the turn's secret.
    func beginTurn(of name: String) async throws -> String {
        let secret = String(repeating: "0123456789abcdef", count: 4)
        // Its SHA-256.
        let proof = "a8ae6e6ee929abea3afcfc5258c8ccd6f85273e0d4626d26c7279f3250f77c8e"
        let agent = try await town.agent(name)
        let lease = try await store.lease(
            LeaseRequest(agent: agent.id, host: town.newID(), turn: town.newID(), now: town.time.now(), proof: proof))
        precondition(lease != nil, "nothing waits for \(name)")
        return try folder.write(secret, to: "token", mode: 0o600)
    }

    /// Registers an agent.
    func spawn(_ name: String, role: String? = nil, nickname: String? = nil) async throws {
        _ = try await TownService(town).call(
            SpawnAgent.self, .init(name: name, role: role, nickname: nickname))
    }
}

/// Passes every verb on, so that several commands can share a store that has no file: only closing is kept away.
private struct AsItIs: StoreInterceptor {
    func around<Answer: Sendable>(
        _ command: String, _ call: () async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        try await call()
    }
}
