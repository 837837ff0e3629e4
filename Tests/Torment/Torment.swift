import Concurrency
import Engine
import Model
import Processes
import RedisServers
import Synchronization
import TestSupport

/// Starts the processes of a scratch town, kills each at a random moment, starts others, and counts in the end.
struct Torment {
    let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    private final class Tally: Sendable {
        let kills = Mutex([Part: Int]())
        let troubles = Mutex([String]())
        var total: Int { kills.withLock { $0.values.reduce(0, +) } }
    }

    /// - Returns: whether everything was as promised.
    func run() async throws -> Bool {
        let folder = try ScratchFolder(prefix: "tt-torment")
        defer { withExtendedLifetime(folder) {} }
        var server: PrivateServer?
        if let program = settings.server { server = try await PrivateServer(program, folder: folder) }
        let reach = server.map { Reach.redis($0.socket) } ?? Reach.sqlite(folder.path("town"))
        if server == nil { try makeFolder(folder.path("town")) }
        let town = try await reach.open()
        let random = SeededRandomness(seed: settings.seed)
        var echo = Agent(id: AgentID(random: random), name: "echo", cli: "echo", createdAt: town.time.now())
        echo.maxTurns = 0
        try await town.store.register(echo, maxAgents: 10)

        let tally = Tally()
        let begun = ContinuousClock.now
        await withTaskGroup { group in
            for part in [Part.writer, .writer, .follower, .follower, .follower, .keeper, .keeper] {
                group.addTask { await self.torment(part, in: reach, random, tally) }
            }
        }
        let kills = tally.kills.withLock { $0 }
        let counts = kills.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key)s" }
        let names = "\(settings.server?.name ?? "sqlite"), seed \(settings.seed)"
        say("\(names): \(counts.joined(separator: ", ")) killed in \(Int(begun.duration(to: .now) / .seconds(1))) s\n")

        var account = Account(store: town.store)
        let troubles = tally.troubles.withLock { $0 }
        account.check(troubles.isEmpty, "no process was refused\(troubles.first.map { ": \($0)" } ?? "")")
        try await account.countEffects(of: echo.id)
        try await account.countTerms(journal: Keeping.journal(beside: reach.words[1]))
        await town.store.close()
        await server?.kill()
        say("\(account.passed) passed, \(account.failed) failed\n")
        return account.failed == 0
    }

    /// One process after another, each killed some moments after it could begin.
    private func torment(_ part: Part, in reach: Reach, _ random: SeededRandomness, _ tally: Tally) async {
        while tally.total < settings.kills {
            do {
                let child = try await ChildProcess.spawn(
                    Launch(
                        CommandLine.arguments[0], [part.rawValue] + reach.words, environment: ["PATH": "/usr/bin:/bin"],
                        input: .stream, errors: .inherit))
                for await _ in child.output! { break }
                try await Task.sleep(for: .microseconds(Int64(random.next() % 60_000)))
                if part == .keeper {
                    // A holder lives long enough to renew; one that was held up finds the lease with somebody else.
                    try await Task.sleep(for: .microseconds(Int64(random.next() % 500_000)))
                    if random.next() % 2 == 0 {
                        child.signal(.stop)
                        try await Task.sleep(for: Part.term * 2)
                        child.signal(.continue)
                        try await Task.sleep(for: .microseconds(Int64(random.next() % 20_000)))
                    }
                }
                child.signal(.kill)
                let status = await child.exit
                if status != .signalled(.kill) {
                    tally.troubles.withLock { $0.append("a \(part) ended by itself: \(status)") }
                }
                tally.kills.withLock { $0[part, default: 0] += 1 }
            } catch {
                return tally.troubles.withLock { $0.append("a \(part) does not run: \(error)") }
            }
        }
    }
}
